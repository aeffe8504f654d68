import type { LakeColumn, LakeValue } from './lake-type.ts';

/**
 * The lakehouse: analytical tables in Delta Lake's open format, written in atomic versions and queried with SQL. Port; adapters in `delta/` (files,
 * queried by DuckDB) and `databricks/` (a SQL warehouse), one conformance suite for both.
 *
 * Contract:
 * - Every write makes exactly one new version of one table, or none. A reader sees the old version or the new one, never half, whatever is killed when.
 * - A write that carries an application transaction (`txn`) is applied once: with a version at or below the table's last one for that `appId`
 *   it changes nothing and answers `applied: false`. So a batch can be repeated until it is known to be in.
 * - Two writers never lose each other's work. A write that can't be reconciled with what another committed meanwhile is retried a bounded number of
 *   times, then rejects with a `conflict` Failure; nothing of it is in the table.
 * - Columns are matched by name, case-insensitively; one that a batch lacks is null. A column that the table lacks is an error unless `evolve` is set.
 * - A table that needs a feature the adapter lacks is refused with an `unsupported` Failure that names the feature; it is never read wrongly.
 * - A query reads one version of each table it names, from its first row to its last. Nothing buffers a whole result.
 * - A lakehouse that is down is a `dependency-unavailable` Failure; a statement over its time limit `timeout`; an aborted one rejects with the signal's reason.
 */
export abstract class Lakehouse {
  /** SQL of `query` and of `Relation.sql` is in this dialect. */
  abstract readonly dialect: LakeDialect;
  /** Creates the table when it is missing; with `evolve`, adds the columns it lacks and widens those it can. Else checks that its columns fit (`misconfigured`). */
  abstract ensureTable(table: LakeTable, definition: LakeDefinition, options?: { evolve?: boolean }): Promise<LakeTableState>;
  /** The table as of now, or as of a version or time; undefined when there is none. A version or time before the oldest kept: `position-lost`. */
  abstract describe(table: LakeTable, at?: LakeMoment): Promise<LakeTableState | undefined>;
  /** Every table of a schema. */
  abstract tables(schema: string): Promise<LakeTable[]>;
  abstract drop(table: LakeTable): Promise<void>;
  /**
   * Makes a view, or replaces the one there is: `query` is given names of tables as FROM items, each the table as of whenever the view is read. Answers
   * false, and makes nothing, where the lakehouse has no views. A view is no table: `describe` and `tables` pass over it.
   */
  abstract replaceView(view: LakeTable, query: (name: (table: LakeTable) => string) => string, description: string): Promise<boolean>;
  /** Adds rows. */
  abstract append(table: LakeTable, batch: LakeBatch, options?: LakeWrite): Promise<LakeCommit>;
  /** Replaces all rows, or only those of the partitions that `where` names by equality, with those of the batch, as one version. */
  abstract replace(table: LakeTable, batch: LakeBatch, options?: LakeWrite & { where?: Readonly<Record<string, LakeValue>> }): Promise<LakeCommit>;
  /** Upserts by key: a row of the batch replaces the table's row of the same key; `deleted`, a boolean column of the batch that is not stored, removes it instead. One row a key in a batch. */
  abstract merge(table: LakeTable, batch: LakeBatch, options: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit>;
  /** The last application transaction version of `appId`, or undefined. */
  abstract lastTransaction(table: LakeTable, appId: string): Promise<bigint | undefined>;
  /** The table as a FROM item for `query`, pinned to one version until `release` is called (idempotent; also released when the lakehouse closes). */
  abstract relation(table: LakeTable, at?: LakeMoment): Promise<LakeRelation>;
  /**
   * What became of the rows between two versions, `from` ≤ `to`: those of `to`, and those of `from`, each restricted to what can differ. As multisets,
   * (rows of `from`) − `removed` + `added` = rows of `to`. A row that was only moved (compaction, an update of its neighbour) may stand in both. Both have
   * the columns of `to`; `state` is that of the version the rows are of. Where the columns of `from` do not fit those of `to`: `unsupported`.
   */
  abstract changes(table: LakeTable, from: bigint, to: bigint): Promise<LakeChanges>;
  abstract query(query: LakeQuery): Promise<LakeResult>;
  /** Versions, newest first. */
  abstract history(table: LakeTable, limit: number): Promise<LakeVersion[]>;
  /** Rewrites small files into ones near `targetFileBytes`; a version that changes no data. `applied: false` when there was nothing to do. */
  abstract compact(table: LakeTable, options?: { targetFileBytes?: number }): Promise<LakeCommit>;
  /** Deletes files that no version younger than `retentionHours` needs (default 168). Answers how many. */
  abstract vacuum(table: LakeTable, options?: { retentionHours?: number }): Promise<{ deletedFiles: number }>;
  /** Resolves when the lakehouse answers; rejects with `dependency-unavailable` otherwise. */
  abstract ping(): Promise<void>;
  abstract close(): Promise<void>;
}

export type LakeDialect = 'duckdb' | 'databricks';

/** A table's name: any characters; each adapter quotes or escapes them. */
export interface LakeTable {
  schema: string;
  name: string;
}

export interface LakeDefinition {
  columns: readonly LakeColumn[];
  /** Hive-style partition columns, in order; empty for none. Fixed once created. */
  partitionBy?: readonly string[];
  description?: string;
  /** Delta table properties. */
  properties?: Readonly<Record<string, string>>;
}

/** A version, or a time in ms since the epoch: the last version committed at or before it. */
export type LakeMoment = { version: bigint } | { timeMs: number };

export interface LakeTableState {
  table: LakeTable;
  version: bigint;
  committedAtMs: number;
  columns: readonly LakeColumn[];
  partitionBy: readonly string[];
  properties: Readonly<Record<string, string>>;
  /** Where statistics tell; undefined elsewhere. */
  rows?: bigint;
  files?: number;
  bytes?: bigint;
}

/**
 * Rows to be written. `rows`: objects by column name. `ndjson`: files of one JSON object a line, by column name, values encoded as `LakeValue`'s text says;
 * they are read by the engine, not by us, and stay the caller's to delete. `select`: a query in `dialect`, run where the data is.
 */
export type LakeBatch =
  { rows: readonly Readonly<Record<string, LakeValue>>[] } | { ndjson: readonly string[] } | { select: Pick<LakeQuery, 'sql' | 'parameters'> };

export interface LakeWrite {
  /** `after`: the write rejects with a `conflict` Failure unless that is the table's last version of `appId` (null: none), whoever writes meanwhile. */
  txn?: { appId: string; version: bigint; after?: bigint | null };
  /** Adds columns that the table lacks and widens types, in the same version. Types of new columns come from `columns`. */
  evolve?: { columns: readonly LakeColumn[] };
  /** Kept in the version's commitInfo. */
  note?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

export interface LakeCommit {
  version: bigint;
  /** False when `txn` was in already, or nothing changed. */
  applied: boolean;
  rows: bigint;
}

export interface LakeRelation {
  /** A parenthesised query or a quoted name. */
  sql: string;
  state: LakeTableState;
  release(): Promise<void>;
}

/** Each is released by itself. */
export interface LakeChanges {
  added: LakeRelation;
  removed: LakeRelation;
}

export interface LakeQuery {
  /** With named parameters, `:name` in both dialects' text (the adapter translates where its engine writes them otherwise). */
  sql: string;
  parameters?: Readonly<Record<string, LakeValue>>;
  /** Stops the statement in the engine too. */
  signal?: AbortSignal;
  /** Statement time limit, ms. */
  timeoutMs?: number;
  /** The caller's own token, where the engine governs by itself (Unity Catalog). An adapter without such a thing refuses it. */
  userToken?: string;
}

export interface LakeResult {
  columns: readonly LakeColumn[];
  /** Chunks of rows, each row an array in the order of `columns`. Not reading on holds the engine back; ending early frees it. */
  chunks: AsyncIterable<readonly (readonly LakeValue[])[]>;
}

export interface LakeVersion {
  version: bigint;
  committedAtMs: number;
  operation: string;
  note: Readonly<Record<string, string>>;
}
