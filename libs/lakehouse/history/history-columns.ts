import type { LakeColumn } from '../lake-type.ts';

/** Columns that a history table has beside the row's own. */
export const HISTORY_COLUMNS: readonly LakeColumn[] = [
  { name: '_change_type', type: 'string', comment: 'insert, update, delete, truncate or snapshot; one row a change' },
  { name: '_commit_lsn', type: 'long', comment: 'LSN of the commit; with _ordinal the order of changes' },
  { name: '_ordinal', type: 'long', comment: 'index of the change in its transaction' },
  { name: '_commit_time', type: 'timestamp', comment: "the source's commit time" },
  { name: '_actor', type: 'string', comment: 'who wrote, where the context was verified' },
  { name: '_trace_id', type: 'string', comment: 'W3C trace id of the write' },
  { name: '_partition', type: 'integer', comment: 'partition of the change topic' },
  { name: '_offset', type: 'long', comment: 'offset in the partition' },
  { name: '_unchanged', type: 'string', comment: 'JSON array of columns whose large value the update did not touch and the log does not hold' },
  { name: '_unrepresentable', type: 'string', comment: 'JSON object of values that their column type can not hold, as the change topic has them' },
];

/** Columns that a base table has beside the row's own: the position of the row's last change. */
export const BASE_COLUMNS: readonly LakeColumn[] = HISTORY_COLUMNS.filter(({ name }) => ['_commit_lsn', '_ordinal', '_partition', '_offset'].includes(name));

const OURS = new Set(HISTORY_COLUMNS.map(({ name }) => name));

/** The row's own columns of a history or base table. */
export function rowColumns(columns: readonly LakeColumn[]): LakeColumn[] {
  return columns.filter(({ name }) => !OURS.has(name));
}

/** Table properties by which readers, such as the row API, find the table that a derived one comes from, and whose policy holds for it. */
export const PROPERTY = {
  /** `schema.table` of the source. */
  source: 'lakeloop.source',
  /** `history` or `base`. */
  kind: 'lakeloop.kind',
  /** The key's columns, as a JSON array; absent for a table without one. */
  key: 'lakeloop.key',
} as const;

export const historyName = (table: string): string => `${table}_history`;
export const baseName = (table: string): string => `${table}_base`;
/** The name under which the current rows are shown: a relation made at query time, on Databricks a view; never a table. */
export const currentName = (table: string): string => `${table}_current`;
