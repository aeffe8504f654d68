const LONGEST = 20;
const ZERO = 0x30;
const HALF = 100_000_000;

/** Decimal digits of a position as bytes, without a string in between. */
export class Digits {
  /** Holds them from `start` to its end. */
  readonly bytes = new Uint8Array(LONGEST);
  #start = LONGEST;

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return LONGEST;
  }

  /** Any number of 64 bits without a sign. */
  set(value: bigint): this {
    this.#start = LONGEST;
    const number = Number(value);
    if (number > Number.MAX_SAFE_INTEGER) return this.#text(value.toString());
    const high = Math.floor(number / HALF);
    const low = number - high * HALF;
    this.#write(low, high > 0 ? LONGEST - 8 : LONGEST - 1);
    if (high > 0) this.#write(high, LONGEST);
    return this;
  }

  /** Backwards, with zeros in front down to `atLeast`. */
  #write(value: number, atLeast: number): void {
    let rest = value;
    let at = this.#start;
    while (rest > 0 || at > atLeast) {
      const tenth = (rest / 10) | 0;
      at -= 1;
      this.bytes[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.#start = at;
  }

  #text(text: string): this {
    this.#start = LONGEST - text.length;
    for (let index = 0; index < text.length; index += 1) this.bytes[this.#start + index] = text.charCodeAt(index);
    return this;
  }
}
