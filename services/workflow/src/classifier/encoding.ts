import type { Example, Feature, FeatureValue } from './feature.ts';
import { bucketOf, terms } from './terms.ts';

/** How one feature becomes columns; learnt from the training split, part of the artefact. `first` is its first column. */
export type FeatureEncoding =
  | { kind: 'number'; name: string; title: string; first: number; scale: 'linear' | 'signed-log'; mean: number; deviation: number }
  | { kind: 'category'; name: string; title: string; first: number; values: string[] }
  | { kind: 'text'; name: string; title: string; first: number; buckets: number };

/** Widest a standardised number may get: one absurd amount must not drown everything else. */
const CLIP = 6;

/** One column of an encoded value. `term` names the text that it came from. */
export interface Cell {
  column: number;
  value: number;
  term?: string;
}

/** Learns means, deviations and vocabularies. Returns the encodings and the number of columns. */
export function fitEncodings(features: readonly Feature[], examples: readonly Example[]): { encodings: FeatureEncoding[]; columns: number } {
  let columns = 0;
  const encodings = features.map((feature, index) => {
    const encoding = fit(
      feature,
      examples.map((example) => example.values[index] ?? null),
      columns,
    );
    columns += width(encoding);
    return encoding;
  });
  return { encodings, columns };
}

/** Columns of a feature: a number and "missing"; each kept value and "another"; the buckets. */
export function width(encoding: FeatureEncoding): number {
  if (encoding.kind === 'number') return 2;
  return encoding.kind === 'category' ? encoding.values.length + 1 : encoding.buckets;
}

function fit(feature: Feature, values: readonly FeatureValue[], first: number): FeatureEncoding {
  const { name, title } = feature;
  if (feature.kind === 'category') return { kind: 'category', name, title, first, values: commonest(values, feature.most ?? 50) };
  if (feature.kind === 'text') return { kind: 'text', name, title, first, buckets: feature.buckets ?? 1_024 };
  const scale = feature.scale ?? 'linear';
  const known = values.map((value) => scaled(value, scale)).filter((value) => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, known.length);
  return { kind: 'number', name, title, first, scale, mean, deviation: Math.sqrt(variance) || 1 };
}

function scaled(value: FeatureValue, scale: 'linear' | 'signed-log'): number | null {
  if (value === null || value === '') return null;
  const number = Number(value);
  if (!Number.isFinite(number)) return null;
  return scale === 'linear' ? number : Math.sign(number) * Math.log1p(Math.abs(number));
}

function commonest(values: readonly FeatureValue[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(category(value), (counts.get(category(value)) ?? 0) + 1);
  const ranked = [...counts].toSorted(([left, many], [right, few]) => few - many || (left < right ? -1 : 1));
  return ranked.slice(0, most).map(([value]) => value);
}

function category(value: FeatureValue): string {
  return value === null ? '' : String(value);
}

/** The non-zero columns of one value. */
export function encode(encoding: FeatureEncoding, value: FeatureValue): Cell[] {
  if (encoding.kind === 'number') return encodeNumber(encoding, scaled(value, encoding.scale));
  if (encoding.kind === 'category') {
    const at = encoding.values.indexOf(category(value));
    return [{ column: encoding.first + (at < 0 ? encoding.values.length : at), value: 1 }];
  }
  const found = terms(category(value));
  const weight = 1 / Math.sqrt(Math.max(1, found.length));
  return found.map((term) => ({ column: encoding.first + bucketOf(term, encoding.buckets), value: weight, term }));
}

function encodeNumber({ first, mean, deviation }: Extract<FeatureEncoding, { kind: 'number' }>, value: number | null): Cell[] {
  if (value === null) return [{ column: first + 1, value: 1 }];
  return [{ column: first, value: Math.max(-CLIP, Math.min(CLIP, (value - mean) / deviation)) }];
}
