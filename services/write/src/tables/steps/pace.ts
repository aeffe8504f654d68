/** How long one transaction of a copy shall take, ms: that is how long a writer waits for a row of it. */
const TARGET_MS = 100;
const LEAST = 50;
const MOST = 5_000;
/** Rows of the first one. */
export const FIRST_ROWS = 500;

/** Rows of the next transaction, after one of `rows` that took `ms`. At most twice as many: the next ones may be larger. */
export function nextRows(rows: number, ms: number): number {
  const fitting = Math.round(rows * (TARGET_MS / Math.max(ms, 1)));
  return Math.min(MOST, Math.max(LEAST, Math.min(rows * 2, fitting)));
}

/** Rest between two of them, ms: as long as the last one took, so that others have half of the machine. */
export function restMs(ms: number): number {
  return Math.min(1_000, ms);
}

/** Seconds that are left, by the rows done so far; null before anything is known. */
export function secondsLeft(rows: number, total: number, elapsedMs: number): number | null {
  if (rows === 0 || elapsedMs === 0) return null;
  return Math.ceil((Math.max(total - rows, 0) * elapsedMs) / rows / 1_000);
}
