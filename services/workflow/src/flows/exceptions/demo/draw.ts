/** Uniform in [0, 1). */
export type Random = () => number;

export function chance(random: Random, share: number): boolean {
  return random() < share;
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** Between `low` and `high`, evenly over their orders of magnitude. */
export function skewed(random: Random, low: number, high: number): number {
  return low * (high / low) ** random();
}
