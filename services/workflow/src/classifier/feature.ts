/**
 * One input of the classifier. `sql` is an expression over `s` (the subject row) and `e` (the example: `e.note`, the flagger's words);
 * it is written by whoever defines the flow, never by a caller.
 */
export type Feature =
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly title: string;
      readonly sql: string;
      /** `signed-log`: sign(x)·ln(1+|x|), for amounts whose size spans decades. */
      readonly scale?: 'linear' | 'signed-log';
    }
  | {
      readonly kind: 'category';
      readonly name: string;
      readonly title: string;
      readonly sql: string;
      /** Most values kept; rarer ones share a column. Default 50. */ readonly most?: number;
    }
  | {
      readonly kind: 'text';
      readonly name: string;
      readonly title: string;
      readonly sql: string;
      /** Hash buckets; a power of two. Default 1,024. */ readonly buckets?: number;
    };

/** A feature's value as the query gives it. */
export type FeatureValue = number | string | null;

/** One known answer. */
export interface Example {
  readonly values: readonly FeatureValue[];
  readonly class: string;
}
