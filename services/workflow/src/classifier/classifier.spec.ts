import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Artefact } from './artefact.ts';
import { fitTemperature } from './calibration.ts';
import { Classifier } from './classifier.ts';
import type { Example, Feature, FeatureValue } from './feature.ts';
import { logSumExp } from './logistic.ts';
import { measure } from './metrics.ts';
import { minimise } from './minimise.ts';
import { seeded } from './random.ts';
import { train, type TrainingPlan } from './train.ts';

const FEATURES: Feature[] = [
  { kind: 'number', name: 'size', title: 'Size', sql: '' },
  { kind: 'number', name: 'amount', title: 'Amount', sql: '', scale: 'signed-log' },
  { kind: 'category', name: 'colour', title: 'Colour', sql: '', most: 2 },
  { kind: 'text', name: 'note', title: 'Note', sql: '', buckets: 64 },
];
const PLAN: TrainingPlan = { flow: 'test', classes: ['a', 'b', 'c'], features: FEATURES, l2: 1e-3, seed: 7 };
const WORDS = { a: ['paid twice', 'odd'], b: ['wrong sum', 'odd'], c: ['who is this', 'odd'] } as const;

/** Overlapping classes: half the notes say nothing, one label in ten is wrong. */
function history(count: number, seed: number): Example[] {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  return Array.from({ length: count }, () => {
    const truth = pick(['a', 'a', 'b', 'c'] as const);
    const size = (truth === 'a' ? 1 : truth === 'b' ? 0 : -1) + random() * 4 - 2;
    const values: FeatureValue[] = [
      random() < 0.1 ? null : size,
      random() * 1_000,
      truth === 'c' ? pick(['red', 'blue', null]) : pick(['red', 'green']),
      pick(WORDS[truth]),
    ];
    return { values, class: random() < 0.1 ? pick(['a', 'b', 'c']) : truth };
  });
}

const trained = train(PLAN, history(3_000, 1));
const classifier = new Classifier(JSON.parse(trained.artefact) as Artefact);

const anyValues = fc.tuple(
  fc.oneof(fc.double({ noNaN: true }), fc.constant(null)),
  fc.oneof(fc.double(), fc.constant(null)),
  fc.oneof(fc.string(), fc.constantFrom('red', 'blue', null)),
  fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('paid twice', 'wrong sum 12345678', null)),
);

describe('a classification', () => {
  it('is explained by contributions that sum exactly to the logit of the named class, whatever the values', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const result = classifier.classify(values);
        const { temperature, classes } = JSON.parse(trained.artefact) as Artefact;
        const logits = classifier.logits(values).map((logit) => logit / temperature);
        const logit = logits[classes.indexOf(result.class)] as number;
        expect(result.contributions.reduce((sum, { contribution }) => sum + contribution, 0)).toBe(result.logit);
        expect(result.logit).toBeCloseTo(logit, 9);
        expect(result.confidence).toBeCloseTo(Math.exp(logit - logSumExp(logits)), 12);
        expect(result.contributions.map(({ feature }) => feature).toSorted()).toEqual(['amount', 'bias', 'colour', 'note', 'size']);
      }),
    );
  });

  it('gives probabilities that sum to one and names the largest', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const { probabilities, confidence, class: named } = classifier.classify(values);
        expect(Object.values(probabilities).reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 9);
        expect(probabilities[named]).toBe(confidence);
        expect(Math.max(...Object.values(probabilities))).toBe(confidence);
      }),
    );
  });

  it('names the words that weigh most', () => {
    const note = classifier.classify([1, 10, 'red', 'paid twice']).contributions.find(({ feature }) => feature === 'note');
    expect(note?.terms?.map(({ term }) => term).toSorted()).toEqual(['paid', 'paid twice', 'twice']);
    expect(note?.terms?.reduce((sum, { contribution }) => sum + contribution, 0)).toBeCloseTo(note?.contribution ?? NaN, 9);
  });
});

describe('training', () => {
  it('gives the same version for the same seed and examples, another for another seed', () => {
    expect(train(PLAN, history(600, 1)).version).toBe(train(PLAN, history(600, 1)).version);
    expect(train({ ...PLAN, seed: 8 }, history(600, 1)).version).not.toBe(train(PLAN, history(600, 1)).version);
  });

  it('beats both baselines on examples it has not seen', () => {
    const { model, majority, prior } = trained.evaluation;
    expect(model.accuracy).toBeGreaterThan(majority.accuracy + 0.1);
    expect(model.macroF1).toBeGreaterThan(Math.max(majority.macroF1, prior.macroF1) + 0.2);
    expect(model.logLoss).toBeLessThan(majority.logLoss);
  });

  it('keeps the test split out of what it learns from', () => {
    expect(trained.evaluation.split).toEqual({ train: 2_100, validation: 450, test: 450 });
  });

  it('learns nothing from labels that are noise: it says what is common, with a confidence to match', () => {
    const random = seeded(3);
    const noise = history(3_000, 2).map(({ values }) => ({ values, class: random() < 0.7 ? 'a' : 'b' }));
    const { model } = train({ ...PLAN, l2: 0.1 }, noise).evaluation;
    expect(model.calibrationError).toBeLessThan(0.05);
  });
});

describe('calibration', () => {
  it('mends logits that are too bold, and never changes which class is named', () => {
    const random = seeded(11);
    const truth = Array.from({ length: 2_000 }, () => {
      const logits = [random() * 3, random() * 3, random() * 3];
      const normal = logSumExp(logits);
      const at = random();
      let sum = 0;
      const label = logits.findIndex((logit) => (sum += Math.exp(logit - normal)) > at);
      return { bold: logits.map((logit) => logit * 5), label };
    });
    const temperature = fitTemperature(
      truth.map(({ bold }) => bold),
      truth.map(({ label }) => label),
    );
    expect(temperature).toBeGreaterThan(4);
    expect(temperature).toBeLessThan(6);
    const at = (scale: number) =>
      measure(
        truth.map(({ bold, label }) => {
          const logits = bold.map((logit) => logit / scale);
          const probabilities = logits.map((logit) => Math.exp(logit - logSumExp(logits)));
          const predicted = probabilities.indexOf(Math.max(...probabilities));
          return { actual: label, predicted, confidence: probabilities[predicted] as number, probability: probabilities[label] as number };
        }),
        3,
      );
    expect(at(temperature).calibrationError).toBeLessThan(at(1).calibrationError / 3);
    expect(at(temperature).accuracy).toBe(at(1).accuracy);
  });

  it('leaves well-calibrated logits nearly alone, and an empty split entirely', () => {
    expect(fitTemperature([], [])).toBe(1);
    expect(trained.evaluation.model.accuracy).toBe(trained.evaluation.uncalibrated.accuracy);
    expect(trained.evaluation.model.calibrationError).toBeLessThan(0.06);
  });
});

describe('metrics', () => {
  it('are what their definitions say', () => {
    const metrics = measure(
      [
        { actual: 0, predicted: 0, confidence: 0.9, probability: 0.9 },
        { actual: 0, predicted: 1, confidence: 0.6, probability: 0.3 },
        { actual: 1, predicted: 1, confidence: 0.6, probability: 0.6 },
      ],
      3,
    );
    expect(metrics.accuracy).toBeCloseTo(2 / 3);
    expect(metrics.macroF1).toBeCloseTo((2 / 3 + 2 / 3) / 2);
    expect(metrics.calibrationError).toBeCloseTo((Math.abs(0.9 - 1) + Math.abs(1.2 - 1)) / 3);
    expect(metrics.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.3) + Math.log(0.6)) / 3);
  });
});

describe('the minimiser', () => {
  it("finds the bottom of Rosenbrock's valley", () => {
    const x = Float64Array.of(-1.2, 1);
    minimise(
      (at, gradient) => {
        const [a = 0, b = 0] = at;
        gradient[0] = -400 * a * (b - a * a) - 2 * (1 - a);
        gradient[1] = 200 * (b - a * a);
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2;
      },
      x,
      { iterations: 200, tolerance: 1e-8 },
    );
    expect([...x].map((item) => Math.round(item * 1e5) / 1e5)).toEqual([1, 1]);
  });
});
