/** What `pg_current_snapshot()` says: which transactions a reader sees. Ids are 64 bits wide. */
export interface Snapshot {
  /** Every transaction below is over: visible if it committed. */
  xmin: bigint;
  /** No transaction from here on is visible. */
  xmax: bigint;
  /** Those between the two that were still running. */
  running: ReadonlySet<bigint>;
}

/** Parses `xmin:xmax:xip,xip`. Throws `TypeError` on other text. */
export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text);
  if (!match) throw new TypeError('not a pg_snapshot');
  const [, xmin = '', xmax = '', list = ''] = match;
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), running: new Set(list === '' ? [] : list.split(',').map(BigInt)) };
}

export function formatSnapshot({ xmin, xmax, running }: Snapshot): string {
  return `${xmin}:${xmax}:${[...running].join(',')}`;
}

const EPOCH = 2n ** 32n;
const HALF = 2n ** 31n;

/**
 * The 64-bit id whose low 32 bits are `xid` and which is nearest to `near`: live transaction ids are never 2^31 apart
 * (PostgreSQL manual, 24.1.5), and pgoutput sends them without their epoch.
 */
export function widenXid(xid: number, near: bigint): bigint {
  const candidate = near - (near % EPOCH) + BigInt(xid);
  if (candidate - near > HALF && candidate >= EPOCH) return candidate - EPOCH;
  if (near - candidate > HALF) return candidate + EPOCH;
  return candidate;
}

/** Whether a committed transaction, given by its 32-bit id, is visible in the snapshot. */
export function isVisible(xid: number, snapshot: Snapshot): boolean {
  const wide = widenXid(xid, snapshot.xmax);
  return wide < snapshot.xmin || (wide < snapshot.xmax && !snapshot.running.has(wide));
}
