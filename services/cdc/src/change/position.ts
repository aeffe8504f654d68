import type { Lsn } from '#libs/pgoutput/lsn';

/** How far the stream is out: all transactions that end at or before `end`, and a part of one that is open. */
export interface Position {
  /** End of the last transaction, or an idle position after it. What may be confirmed to the slot. */
  end: Lsn;
  /** End of the last transaction; null before the first. */
  lastCommit: Lsn | null;
  open: OpenTransaction | null;
}

export interface OpenTransaction {
  commitLsn: Lsn;
  /** Change messages of it that are out, counted before any filter. */
  changes: number;
}
