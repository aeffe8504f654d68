import { seeded } from './random.ts';

/** What was said of one held-out example. */
export interface Prediction {
  /** Index of the true class. */
  actual: number;
  predicted: number;
  /** Probability given to `predicted`. */
  confidence: number;
  /** Probability given to `actual`. */
  probability: number;
}

export interface Metrics {
  /** Share of examples whose class was named rightly. */
  accuracy: number;
  /** Mean over classes of F1; a class that is neither present nor predicted is left out. */
  macroF1: number;
  /** Expected calibration error over 15 equal-width bins of confidence. */
  calibrationError: number;
  /** Mean negative log-likelihood, nats. */
  logLoss: number;
}

const BINS = 15;

export function measure(predictions: readonly Prediction[], classes: number): Metrics {
  const many = Math.max(1, predictions.length);
  return {
    accuracy: predictions.filter(({ actual, predicted }) => actual === predicted).length / many,
    macroF1: macroF1(predictions, classes),
    calibrationError: calibrationError(predictions),
    logLoss: predictions.reduce((sum, { probability }) => sum - Math.log(Math.max(1e-12, probability)), 0) / many,
  };
}

function macroF1(predictions: readonly Prediction[], classes: number): number {
  const scores: number[] = [];
  for (let k = 0; k < classes; k += 1) {
    const hits = predictions.filter(({ actual, predicted }) => actual === k && predicted === k).length;
    const present = predictions.filter(({ actual }) => actual === k).length;
    const named = predictions.filter(({ predicted }) => predicted === k).length;
    if (present + named > 0) scores.push((2 * hits) / (present + named));
  }
  return scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
}

function calibrationError(predictions: readonly Prediction[]): number {
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, hits: 0 }));
  for (const { actual, predicted, confidence } of predictions) {
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))];
    if (!bin) continue;
    bin.confidence += confidence;
    bin.hits += actual === predicted ? 1 : 0;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.hits), 0) / Math.max(1, predictions.length);
}

/** Always the commonest class of the training split, with its share as confidence. */
export function majorityBaseline(priors: readonly number[], actual: readonly number[]): Prediction[] {
  const predicted = priors.indexOf(Math.max(...priors));
  return actual.map((label) => ({ actual: label, predicted, confidence: priors[predicted] as number, probability: priors[label] as number }));
}

/** A class drawn with the training split's shares, with its share as confidence. */
export function priorBaseline(priors: readonly number[], actual: readonly number[], seed: number): Prediction[] {
  const random = seeded(seed);
  return actual.map((label) => {
    const predicted = draw(priors, random());
    return { actual: label, predicted, confidence: priors[predicted] as number, probability: priors[label] as number };
  });
}

function draw(priors: readonly number[], at: number): number {
  let sum = 0;
  for (let k = 0; k < priors.length; k += 1) {
    sum += priors[k] as number;
    if (at < sum) return k;
  }
  return priors.length - 1;
}
