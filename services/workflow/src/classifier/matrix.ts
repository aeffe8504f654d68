import { encode, type FeatureEncoding } from './encoding.ts';
import type { Example } from './feature.ts';

/** Examples as compressed sparse rows: row i's cells are `start[i] … start[i + 1]`. */
export interface Matrix {
  rows: number;
  columns: number;
  start: Int32Array;
  column: Int32Array;
  value: Float64Array;
}

export function toMatrix(encodings: readonly FeatureEncoding[], columns: number, examples: readonly Example[]): Matrix {
  const start = new Int32Array(examples.length + 1);
  const at: number[] = [];
  const values: number[] = [];
  examples.forEach((example, row) => {
    encodings.forEach((encoding, index) => {
      for (const cell of encode(encoding, example.values[index] ?? null)) {
        at.push(cell.column);
        values.push(cell.value);
      }
    });
    start[row + 1] = at.length;
  });
  return { rows: examples.length, columns, start, column: Int32Array.from(at), value: Float64Array.from(values) };
}
