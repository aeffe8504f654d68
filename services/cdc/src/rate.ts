/** Samples that are kept. */
const WINDOW = 10;

/** How fast a total grows, over the last ten samples. Pure. */
export class Rate {
  readonly #samples: { total: number; at: number }[] = [];

  /** `at` in ms. */
  sample(total: number, at: number): void {
    this.#samples.push({ total, at });
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /** A second; 0 before there are two samples. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return ((last.total - first.total) / (last.at - first.at)) * 1_000;
  }
}
