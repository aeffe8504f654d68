import type { Lsn } from '#libs/pgoutput/lsn';

/** Most samples that are kept; beyond, they are taken half as often, and the answer gets that much coarser. */
const MOST = 1_024;

/** Tells how long ago the server's log passed a position, from where it was seen to end at which times. Pure. */
export class LagClock {
  #samples: { end: Lsn; at: number }[] = [];
  #spacing = 0;

  /** The log ended there then. Ends and times never go back; a log that did (another server) starts anew. */
  observe(end: Lsn, at: number): void {
    const last = this.#samples.at(-1);
    if (last && end < last.end) this.#samples = [];
    // Only the first time counts at which it was that far.
    if (last && (last.end === end || at - last.at < this.#spacing)) return;
    this.#samples.push({ end, at });
    if (this.#samples.length <= MOST) return;
    const [first, final] = [this.#samples[0] as { at: number }, this.#samples[MOST] as { at: number }];
    this.#spacing = (2 * (final.at - first.at)) / MOST;
    this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
  }

  /** Seconds since the log first ended beyond `confirmed`, as far as was seen; 0 when it does not. */
  behind(confirmed: Lsn, now: number): number {
    while (this.#samples.length > 1 && (this.#samples[0] as { end: Lsn }).end <= confirmed) this.#samples.shift();
    if (this.#samples.length === 1) this.#spacing = 0;
    const first = this.#samples[0];
    return first && first.end > confirmed ? Math.max(0, now - first.at) / 1_000 : 0;
  }
}
