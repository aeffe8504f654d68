/** Kinds of a value, as the protocol marks them. */
export const VALUE = { text: 0x74, null: 0x6e, unchanged: 0x75, binary: 0x62 } as const;

/**
 * A value taken out of its tuple. Absence is a variant, never `undefined`. `unchanged` is a TOASTed value that the update did not touch and that was not sent.
 * `bytes` are a view on the message's buffer: copy them to keep them beyond it.
 */
export type TupleValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'text'; readonly bytes: Buffer }
  | { readonly kind: 'binary'; readonly bytes: Buffer };

/** Numbers of one value's place: kind, start, end. */
export const STRIDE = 3;

/**
 * The values of a row, where they lie in the message: a row of a hundred columns costs two objects. The bytes belong to the message's buffer: what is to be
 * kept beyond it is copied.
 */
export class Tuple {
  /** The message that holds the values. */
  readonly bytes: Buffer;
  /** Number of values. */
  readonly length: number;
  readonly #places: Int32Array;
  readonly #from: number;

  /** `places`, `length` times from `from` on: kind (`VALUE`), start and end of a value in `bytes`; of one that was not sent, start and end say nothing. */
  constructor(bytes: Buffer, length: number, places: Int32Array, from: number) {
    this.bytes = bytes;
    this.length = length;
    this.#places = places;
    this.#from = from;
  }

  /** One of `VALUE`. */
  kindAt(index: number): number {
    return this.#places[this.#from + index * STRIDE] as number;
  }

  startAt(index: number): number {
    return this.#places[this.#from + index * STRIDE + 1] as number;
  }

  endAt(index: number): number {
    return this.#places[this.#from + index * STRIDE + 2] as number;
  }

  /** For those who can afford an object. */
  valueAt(index: number): TupleValue {
    const kind = this.kindAt(index);
    if (kind === VALUE.null) return { kind: 'null' };
    if (kind === VALUE.unchanged) return { kind: 'unchanged' };
    return { kind: kind === VALUE.text ? 'text' : 'binary', bytes: this.bytes.subarray(this.startAt(index), this.endAt(index)) };
  }

  values(): TupleValue[] {
    return Array.from({ length: this.length }, (_value, index) => this.valueAt(index));
  }
}
