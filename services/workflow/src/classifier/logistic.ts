import type { Matrix } from './matrix.ts';
import { minimise, type Objective } from './minimise.ts';

/** Weights by column then class (`weights[column * classes + class]`), and one bias a class. */
export interface Logistic {
  classes: number;
  weights: Float64Array;
  bias: Float64Array;
}

/** Multinomial logistic regression: the mean cross-entropy plus `l2`/2 · ‖weights‖² (bias not penalised), minimised from zero: no randomness. */
export function fitLogistic(matrix: Matrix, labels: Int32Array, classes: number, l2: number): Logistic {
  const parameters = new Float64Array((matrix.columns + 1) * classes);
  minimise(loss(matrix, labels, classes, l2), parameters, { iterations: 80, tolerance: 1e-4 });
  const bias = parameters.slice(matrix.columns * classes);
  const mean = bias.reduce((sum, item) => sum + item, 0) / classes;
  return { classes, weights: parameters.slice(0, matrix.columns * classes), bias: bias.map((item) => item - mean) };
}

function loss(matrix: Matrix, labels: Int32Array, classes: number, l2: number): Objective {
  const { rows, columns, start, column, value } = matrix;
  const scores = new Float64Array(classes);
  const biasAt = columns * classes;
  return (x, gradient) => {
    gradient.fill(0);
    let total = 0;
    for (let row = 0; row < rows; row += 1) {
      const from = start[row] as number;
      const to = start[row + 1] as number;
      for (let k = 0; k < classes; k += 1) scores[k] = x[biasAt + k] as number;
      for (let cell = from; cell < to; cell += 1) {
        const base = (column[cell] as number) * classes;
        const amount = value[cell] as number;
        for (let k = 0; k < classes; k += 1) scores[k] = (scores[k] as number) + amount * (x[base + k] as number);
      }
      const label = labels[row] as number;
      const target = scores[label] as number;
      total += logSumExp(scores) - target;
      softmax(scores);
      scores[label] = (scores[label] as number) - 1;
      for (let k = 0; k < classes; k += 1) gradient[biasAt + k] = (gradient[biasAt + k] as number) + (scores[k] as number) / rows;
      for (let cell = from; cell < to; cell += 1) {
        const base = (column[cell] as number) * classes;
        const amount = (value[cell] as number) / rows;
        for (let k = 0; k < classes; k += 1) gradient[base + k] = (gradient[base + k] as number) + amount * (scores[k] as number);
      }
    }
    return total / rows + penalty(x, gradient, biasAt, l2);
  };
}

function penalty(x: Float64Array, gradient: Float64Array, to: number, l2: number): number {
  let squares = 0;
  for (let index = 0; index < to; index += 1) {
    const weight = x[index] as number;
    squares += weight * weight;
    gradient[index] = (gradient[index] as number) + l2 * weight;
  }
  return (l2 / 2) * squares;
}

/** log Σ exp(x), without overflow. */
export function logSumExp(scores: ArrayLike<number>): number {
  let most = -Infinity;
  for (let k = 0; k < scores.length; k += 1) most = Math.max(most, scores[k] as number);
  let sum = 0;
  for (let k = 0; k < scores.length; k += 1) sum += Math.exp((scores[k] as number) - most);
  return most + Math.log(sum);
}

/** Turns scores into probabilities, in place. */
export function softmax(scores: Float64Array | number[]): void {
  const normal = logSumExp(scores);
  for (let k = 0; k < scores.length; k += 1) scores[k] = Math.exp((scores[k] as number) - normal);
}
