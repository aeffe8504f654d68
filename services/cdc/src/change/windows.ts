import type { Lsn } from '#libs/pgoutput/lsn';
import type { Relation } from './relation.ts';

/** Prefix of the transactional messages that mark where a chunk was read. */
export const WATERMARK_PREFIX = 'lakeloop.watermark';

export interface Watermark {
  id: string;
  edge: 'low' | 'high';
}

/** A row as it was read, encoded already. */
export interface ChunkRow {
  /** Of the record, JSON text; null for a table without one. */
  key: string | null;
  /** What tells the row from others, JSON text; null for a table without a key. */
  identity: string | null;
  /** JSON text. */
  after: string;
  /** Of a row over the limit: about its bytes, and how many of its values were left out. */
  parked: { bytes: number; left: number } | null;
}

export interface Chunk {
  relation: Relation;
  rows: readonly ChunkRow[];
  /** Low 32 bits of the transactions that the reading snapshot saw as in progress. */
  inProgress: ReadonlySet<number>;
}

/** `stale`: rows that the stream had newer news of. `spoiled`: why nothing of the chunk was used; it is read again. */
export type WindowOutcome = { kind: 'published'; rows: number; stale: number } | { kind: 'spoiled'; reason: string };

interface Window {
  oid: number;
  chunk: Chunk | undefined;
  lowLsn: Lsn | null;
  touched: Set<string>;
  /** The table as the stream described it within the window. */
  described: string | undefined;
  spoiled: string | undefined;
  outcome: PromiseWithResolvers<WindowOutcome>;
}

/** Transactions whose commits are remembered: those that may have been logged and not yet been visible when a chunk was read. */
const REMEMBERED = 16_384;

/**
 * The windows in which chunks of a table are read beside the stream (Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-Capture
 * Framework", 2020):
 *
 *     stream   … ──low──▶ update k1 ──▶ delete k2 ──high──▶ …
 *     reader       emit low, SELECT k1 k2 k3, emit high
 *     published    … update k1, delete k2, r k3 (at high) …
 *
 * What was changed between the marks is newer in the stream, so the chunk's row of that key is dropped; every other row is as it was at the high
 * mark, and is published there. Pure bookkeeping, driven by the stream on one side and the reader on the other.
 *
 * Two things the paper leaves out. A commit is in the log before it is visible to a new snapshot (with synchronous standbys much before): a transaction that the
 * stream saw commit before `low` and that the reader's snapshot still counts as in progress spoils the chunk. And a truncate, or another description of
 * the table, within the window spoils it too.
 */
export class Windows {
  readonly #windows = new Map<string, Window>();
  readonly #open = new Map<number, Set<Window>>();
  readonly #commits = new Map<number, Lsn>();
  readonly #order: number[] = [];
  #next = 0;

  /** Whether any window is open: the stream's side asks before it computes a key. */
  get active(): boolean {
    return this.#open.size > 0;
  }

  /** The reader is about to emit the low mark of a chunk of this table. */
  expect(id: string, oid: number): Promise<WindowOutcome> {
    const outcome = Promise.withResolvers<WindowOutcome>();
    this.#windows.set(id, { oid, chunk: undefined, lowLsn: null, touched: new Set(), described: undefined, spoiled: undefined, outcome });
    return outcome.promise;
  }

  /** The reader has the rows, and is about to emit the high mark. */
  deposit(id: string, chunk: Chunk): void {
    const window = this.#windows.get(id);
    if (window) window.chunk = chunk;
  }

  /** The reader gave up on a chunk. */
  forget(id: string): void {
    const window = this.#windows.get(id);
    if (window) this.#close(id, window);
  }

  /** A transaction's commit passed by. */
  committed(xid: number, commitLsn: Lsn): void {
    const old = this.#order[this.#next];
    if (old !== undefined) this.#commits.delete(old);
    this.#order[this.#next] = xid;
    this.#next = (this.#next + 1) % REMEMBERED;
    this.#commits.set(xid, commitLsn);
  }

  isOpen(oid: number): boolean {
    return this.#open.has(oid);
  }

  /** A row of the table was changed; what tells it from others as JSON text, null when it has none. */
  touch(oid: number, identity: string | null): void {
    if (identity === null) return;
    for (const window of this.#open.get(oid) ?? []) window.touched.add(identity);
  }

  /** What was read of the table in this window says nothing any more. */
  spoil(oid: number, reason: string): void {
    for (const window of this.#open.get(oid) ?? []) window.spoiled ??= reason;
  }

  /** The stream describes the table: what was read by another description is of no use. */
  describe(oid: number, signature: string): void {
    for (const window of this.#open.get(oid) ?? []) window.described = signature;
  }

  low(id: string, lsn: Lsn): void {
    const window = this.#windows.get(id);
    if (!window) return;
    window.lowLsn = lsn;
    const open = this.#open.get(window.oid) ?? new Set();
    this.#open.set(window.oid, open.add(window));
  }

  /** The high mark passed by: the rows to publish here, or null. Tell `settle` once they are in the stream. */
  high(id: string): { relation: Relation; rows: readonly ChunkRow[]; settle: () => void } | null {
    const window = this.#windows.get(id);
    if (!window) return null;
    const spoiled = window.spoiled ?? this.#invisible(window) ?? redescribed(window);
    this.#close(id, window);
    const { chunk, touched, outcome } = window;
    if (spoiled !== undefined || !chunk) {
      outcome.resolve({ kind: 'spoiled', reason: spoiled ?? 'the marks came without their chunk' });
      return null;
    }
    const rows = touched.size === 0 ? chunk.rows : chunk.rows.filter(({ identity }) => identity === null || !touched.has(identity));
    return { relation: chunk.relation, rows, settle: () => outcome.resolve({ kind: 'published', rows: rows.length, stale: chunk.rows.length - rows.length }) };
  }

  #close(id: string, window: Window): void {
    this.#windows.delete(id);
    const open = this.#open.get(window.oid);
    open?.delete(window);
    if (open?.size === 0) this.#open.delete(window.oid);
  }

  #invisible({ chunk, lowLsn }: Window): string | undefined {
    if (lowLsn === null) return 'the stream began between the marks';
    for (const xid of chunk?.inProgress ?? []) {
      const commitLsn = this.#commits.get(xid);
      if (commitLsn !== undefined && commitLsn < lowLsn) return `transaction ${xid} was in the stream before it was visible`;
    }
    return undefined;
  }
}

/** Columns or key as the stream told them within the window are others than those the chunk was read by. */
function redescribed({ chunk, described }: Window): string | undefined {
  return chunk && described !== undefined && described !== chunk.relation.signature ? 'the table was changed' : undefined;
}

/** Null for what is no watermark. Any role may emit a message: an id that nobody waits for is nothing. */
export function parseWatermark(content: Buffer): Watermark | null {
  try {
    const { id, edge } = JSON.parse(content.toString('utf8')) as Partial<Watermark>;
    return typeof id === 'string' && (edge === 'low' || edge === 'high') ? { id, edge } : null;
  } catch {
    return null;
  }
}
