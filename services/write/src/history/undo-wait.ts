const USUAL_MS = 2_000;
/** Proxies give up on a silent answer after half a minute or a minute. */
const LONGEST_S = 25;

/** How long a caller waits for the end, ms: `Prefer: wait=<seconds>`, or `respond-async`, which is not at all (RFC 7240). */
export function waitOf(prefer: string | undefined): number {
  const words = (prefer ?? '').split(',').map((word) => word.trim().toLowerCase());
  const seconds = words.map((word) => /^wait=(\d{1,9})$/.exec(word)?.[1]).find((found) => found !== undefined);
  if (seconds !== undefined) return Math.min(Number(seconds), LONGEST_S) * 1_000;
  return words.includes('respond-async') ? 0 : USUAL_MS;
}
