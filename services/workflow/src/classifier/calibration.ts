import { logSumExp } from './logistic.ts';

/**
 * Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): the one number that logits are divided by, chosen for the least
 * negative log-likelihood on a split that the weights have not seen. It never changes which class is the most probable.
 * The function is convex in 1/temperature, so a golden-section search finds it; 1 is kept when nothing is better.
 */
export function fitTemperature(logits: readonly (readonly number[])[], labels: readonly number[]): number {
  if (logits.length === 0) return 1;
  const lossAt = (inverse: number): number => meanLoss(logits, labels, inverse);
  const ratio = (Math.sqrt(5) - 1) / 2;
  let low = 0.05;
  let high = 20;
  for (let step = 0; step < 60; step += 1) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (lossAt(left) < lossAt(right)) high = right;
    else low = left;
  }
  const best = (low + high) / 2;
  return lossAt(best) < lossAt(1) ? 1 / best : 1;
}

function meanLoss(logits: readonly (readonly number[])[], labels: readonly number[], inverse: number): number {
  let total = 0;
  logits.forEach((scores, index) => {
    const scaled = scores.map((score) => score * inverse);
    total += logSumExp(scaled) - (scaled[labels[index] as number] as number);
  });
  return total / logits.length;
}
