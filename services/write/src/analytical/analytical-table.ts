import { HISTORY_COLUMNS } from '#libs/lakehouse/history/history-columns';
import type { LakeRelation } from '#libs/lakehouse/lakehouse';
import type { TableName } from '#libs/postgres/identifiers';
import type { AnalyticalColumn } from './lake-column.ts';

/** A table of the lakehouse as the row API serves it. */
export interface AnalyticalTable {
  schema: string;
  name: string;
  columns: ReadonlyMap<string, AnalyticalColumn>;
  /** The governed Postgres table whose changes it keeps (property `lakeloop.source`), and that table's columns. */
  source?: TableName & { columns: ReadonlySet<string> };
  /** Pins the version that a query reads. */
  open: () => Promise<LakeRelation>;
}

/**
 * Columns of the change, not of the row: who may read the source may read them. All but those that hold values of the row again, whatever the column
 * (`_unrepresentable`): they are read by those alone who may read every column.
 */
const CHANGE_COLUMNS: ReadonlySet<string> = new Set(HISTORY_COLUMNS.map(({ name }) => name).filter((name) => name !== '_unrepresentable'));

export function isChangeColumn(name: string): boolean {
  return CHANGE_COLUMNS.has(name);
}

/** `schema.table`; a schema's name holds no dot here. */
export function parseTableName(name: string): TableName | undefined {
  const dot = name.indexOf('.');
  return dot > 0 && dot < name.length - 1 ? { schema: name.slice(0, dot), name: name.slice(dot + 1) } : undefined;
}
