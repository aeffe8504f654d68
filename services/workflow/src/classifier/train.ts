import { createHash } from 'node:crypto';
import type { Artefact } from './artefact.ts';
import { fitTemperature } from './calibration.ts';
import { Classifier } from './classifier.ts';
import { fitEncodings } from './encoding.ts';
import type { Example, Feature } from './feature.ts';
import { fitLogistic, type Logistic } from './logistic.ts';
import { toMatrix } from './matrix.ts';
import { majorityBaseline, measure, type Metrics, type Prediction, priorBaseline } from './metrics.ts';
import { seeded, shuffled } from './random.ts';

export interface TrainingPlan {
  flow: string;
  classes: readonly string[];
  features: readonly Feature[];
  l2: number;
  seed: number;
}

/** All measured on the test split, which neither weights nor calibration have seen. */
export interface Evaluation {
  split: { train: number; validation: number; test: number };
  model: Metrics;
  uncalibrated: Metrics;
  majority: Metrics;
  prior: Metrics;
  temperature: number;
  /** Class → examples of it in the test split. */
  support: Record<string, number>;
}

export interface TrainedModel {
  /** `sha256` of the artefact's text, its first 16 hexadecimal digits. */
  version: string;
  /** The artefact as JSON text. */
  artefact: string;
  evaluation: Evaluation;
}

/**
 * Shuffles by seed, splits 70 / 15 / 15, learns encodings and weights from the first part, the temperature from the second, and measures on the third.
 * The measured model is the stored one, rounded as stored. Same plan and examples, same version.
 */
export function train(plan: TrainingPlan, examples: readonly Example[]): TrainedModel {
  const mixed = shuffled(examples, seeded(plan.seed));
  const [first, second] = [Math.floor(mixed.length * 0.7), Math.floor(mixed.length * 0.85)];
  const parts = { train: mixed.slice(0, first), validation: mixed.slice(first, second), test: mixed.slice(second) };
  const { encodings, columns } = fitEncodings(plan.features, parts.train);
  const labels = Int32Array.from(parts.train, (example) => plan.classes.indexOf(example.class));
  const fitted = fitLogistic(toMatrix(encodings, columns, parts.train), labels, plan.classes.length, plan.l2);
  const raw: Artefact = { format: 1, flow: plan.flow, classes: [...plan.classes], encodings, ...rounded(fitted), temperature: 1 };
  const plain = new Classifier(raw);
  const temperature = round(
    fitTemperature(
      parts.validation.map((example) => plain.logits(example.values)),
      parts.validation.map((example) => plan.classes.indexOf(example.class)),
    ),
  );
  const artefact: Artefact = { ...raw, temperature };
  const text = JSON.stringify(artefact);
  const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { version, artefact: text, evaluation: evaluate(plan, parts, new Classifier(artefact), plain, temperature) };
}

type Parts = Record<'train' | 'validation' | 'test', Example[]>;

function evaluate(plan: TrainingPlan, parts: Parts, calibrated: Classifier, plain: Classifier, temperature: number): Evaluation {
  const actual = parts.test.map((example) => plan.classes.indexOf(example.class));
  const priors = plan.classes.map((name) => parts.train.filter((example) => example.class === name).length / Math.max(1, parts.train.length));
  const many = plan.classes.length;
  return {
    split: { train: parts.train.length, validation: parts.validation.length, test: parts.test.length },
    model: measure(predictions(calibrated, parts.test, actual), many),
    uncalibrated: measure(predictions(plain, parts.test, actual), many),
    majority: measure(majorityBaseline(priors, actual), many),
    prior: measure(priorBaseline(priors, actual, plan.seed), many),
    temperature,
    support: Object.fromEntries(plan.classes.map((name, k) => [name, actual.filter((label) => label === k).length])),
  };
}

/** What a classifier says of examples whose class is known. */
export function predictions(classifier: Classifier, examples: readonly Example[], actual: readonly number[]): Prediction[] {
  return examples.map((example, index) => {
    const probabilities = classifier.probabilities(example.values);
    const predicted = probabilities.indexOf(Math.max(...probabilities));
    const label = actual[index] as number;
    return { actual: label, predicted, confidence: probabilities[predicted] as number, probability: probabilities[label] as number };
  });
}

function rounded({ classes, weights, bias }: Logistic): Pick<Artefact, 'bias' | 'weights'> {
  const rows: number[][] = [];
  for (let column = 0; column * classes < weights.length; column += 1) {
    const row = Array.from(weights.slice(column * classes, (column + 1) * classes), round);
    if (row.some((weight) => weight !== 0)) rows.push([column, ...row]);
  }
  return { bias: Array.from(bias, round), weights: rows };
}

/** Five significant digits: the artefact is a third of the size, and it is the rounded model that is measured. */
function round(value: number): number {
  return Math.abs(value) < 1e-6 ? 0 : Number(value.toPrecision(5));
}
