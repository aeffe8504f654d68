import type { FeatureEncoding } from './encoding.ts';

/** A trained model as JSON. Its version is the hash of exactly this text (train.ts). */
export interface Artefact {
  format: 1;
  flow: string;
  classes: string[];
  encodings: FeatureEncoding[];
  bias: number[];
  /** Columns that carry weight: `[column, weight of class 0, weight of class 1, …]`. */
  weights: number[][];
  /** Logits are divided by it (calibration.ts). */
  temperature: number;
}
