import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

/**
 * Resolves once queries see what the transaction did. It is in the log, and so in the stream, a moment before; with synchronous standbys much longer.
 * `xid`: the low 32 bits, as pgoutput sends them. Rejects when `signal` aborts.
 */
export async function untilVisible(pool: pg.Pool, xid: number, signal: AbortSignal): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const { rows } = await pool.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
    if (isVisible(rows[0]?.snapshot ?? '', xid)) return;
    await delay(waitMs, undefined, { signal });
  }
}

/** Whether a snapshot, as text `xmin:xmax:xip,…`, counts a transaction that has committed as such. */
export function isVisible(snapshot: string, xid: number): boolean {
  const [, xmax = '0', inProgress = ''] = snapshot.split(':');
  if (!precedes(xid, low32(xmax))) return false;
  return inProgress === '' || !inProgress.split(',').some((other) => low32(other) === xid);
}

function low32(xid: string): number {
  return Number(BigInt.asUintN(32, BigInt(xid)));
}

/** Ids wrap around: of two, the earlier one is less than half the circle before the other. */
export function precedes(xid: number, other: number): boolean {
  return ((xid - other) | 0) < 0;
}
