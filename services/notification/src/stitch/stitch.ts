import { formatSnapshot, isVisible, parseSnapshot, type Snapshot } from './visibility.ts';

/**
 * Where a snapshot of a table meets its change log.
 *
 *     log   ──c1──c2──────c3──c4──c5──▶       read from before the snapshot was taken
 *     rows        └─ snapshot sees c1, c2, c4     → c1, c2, c4 are dropped, c3 and c5 delivered
 *
 * Whether a change is in the snapshot goes by its transaction's visibility, not by its position: transactions become visible in
 * another order than they commit in the log. `horizon` is the WAL position after the snapshot was taken: a commit at or beyond it can't be in
 * the snapshot, so that no transaction id is compared once 2^31 others have passed.
 */
export interface Stitch {
  snapshot: Snapshot;
  horizon: bigint;
}

/** Whether the snapshot already holds the change. */
export function holds(stitch: Stitch, change: { commitLsn: bigint; xid: number }): boolean {
  return change.commitLsn < stitch.horizon && isVisible(change.xid, stitch.snapshot);
}

export function formatStitch(stitch: Stitch): string {
  return `${formatSnapshot(stitch.snapshot)}@${stitch.horizon.toString(16)}`;
}

/** Throws `TypeError` or `SyntaxError` on other text. */
export function parseStitch(text: string): Stitch {
  const [snapshot = '', horizon = ''] = text.split('@');
  if (!/^[0-9a-f]{1,16}$/.test(horizon)) throw new TypeError('not a WAL position');
  return { snapshot: parseSnapshot(snapshot), horizon: BigInt(`0x${horizon}`) };
}
