import type { Lsn } from './lsn.ts';
import type { Tuple } from './tuple.ts';

/**
 * Messages of pgoutput, protocol versions 1 and 2 (PostgreSQL manual, "Logical Replication Message Formats").
 *
 * Times are microseconds since the Unix epoch. `streamXid` is the (sub)transaction a message inside a stream segment belongs to
 * (protocol 2); null outside of one.
 */
export type Message =
  | BeginMessage
  | CommitMessage
  | OriginMessage
  | RelationMessage
  | TypeMessage
  | InsertMessage
  | UpdateMessage
  | DeleteMessage
  | TruncateMessage
  | LogicalMessage
  | StreamStartMessage
  | StreamStopMessage
  | StreamCommitMessage
  | StreamAbortMessage;

export interface BeginMessage {
  readonly type: 'begin';
  /** LSN of the transaction's commit record. */
  readonly commitLsn: Lsn;
  readonly commitTime: bigint;
  readonly xid: number;
}

export interface CommitMessage {
  readonly type: 'commit';
  readonly flags: number;
  readonly commitLsn: Lsn;
  /** First position after the transaction: what may be confirmed. */
  readonly endLsn: Lsn;
  readonly commitTime: bigint;
}

export interface OriginMessage {
  readonly type: 'origin';
  /** Commit LSN on the server the transaction came from. */
  readonly commitLsn: Lsn;
  readonly name: string;
}

export interface RelationMessage {
  readonly type: 'relation';
  readonly streamXid: number | null;
  readonly oid: number;
  /** Empty for `pg_catalog`. */
  readonly schema: string;
  readonly name: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly Column[];
}

export type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

export interface Column {
  readonly name: string;
  /** Part of the replica identity (every column is, under `full`). */
  readonly key: boolean;
  readonly typeOid: number;
  readonly typeModifier: number;
}

/** Name of a type that is not built in; sent before the first relation that uses it. */
export interface TypeMessage {
  readonly type: 'type';
  readonly streamXid: number | null;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

export interface InsertMessage {
  readonly type: 'insert';
  readonly streamXid: number | null;
  readonly relationOid: number;
  readonly new: Tuple;
}

export interface UpdateMessage {
  readonly type: 'update';
  readonly streamXid: number | null;
  readonly relationOid: number;
  readonly old: OldTuple | null;
  readonly new: Tuple;
}

export interface DeleteMessage {
  readonly type: 'delete';
  readonly streamXid: number | null;
  readonly relationOid: number;
  readonly old: OldTuple;
}

/** `key`: only the replica identity's columns are set, the others are null. `full`: the whole old row. */
export interface OldTuple {
  readonly kind: 'key' | 'full';
  readonly tuple: Tuple;
}

export interface TruncateMessage {
  readonly type: 'truncate';
  readonly streamXid: number | null;
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
  readonly relationOids: readonly number[];
}

/** What `pg_logical_emit_message` wrote. */
export interface LogicalMessage {
  readonly type: 'message';
  readonly streamXid: number | null;
  readonly transactional: boolean;
  readonly lsn: Lsn;
  readonly prefix: string;
  readonly content: Buffer;
}

export interface StreamStartMessage {
  readonly type: 'stream-start';
  readonly xid: number;
  readonly first: boolean;
}

export interface StreamStopMessage {
  readonly type: 'stream-stop';
}

export interface StreamCommitMessage {
  readonly type: 'stream-commit';
  readonly xid: number;
  readonly flags: number;
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  readonly commitTime: bigint;
}

export interface StreamAbortMessage {
  readonly type: 'stream-abort';
  readonly xid: number;
  /** The subtransaction that rolled back; equal to `xid` for the whole transaction. */
  readonly subXid: number;
}
