import type { TableName } from '#libs/postgres/identifiers';
import type { AnalyticalColumn } from './lake-column.ts';

/** A table of the lakehouse as the row API serves it. */
export interface AnalyticalTable {
  schema: string;
  name: string;
  columns: ReadonlyMap<string, AnalyticalColumn>;
  /** The governed Postgres table whose changes it keeps (property `lakeloop.source`), and that table's columns. */
  source?: TableName & { columns: ReadonlySet<string> };
}

/** Delta table property that names the table a history or current table is derived from: `schema.table`. */
export const SOURCE_PROPERTY = 'lakeloop.source';

/** What a history adds to its source's columns (services/lakehouse): of the change, not of the row. */
export const CHANGE_COLUMNS: ReadonlySet<string> = new Set(['_change_type', '_commit_lsn', '_ordinal', '_commit_time', '_actor', '_trace_id']);

/** `schema.table`; a schema's name holds no dot here. */
export function parseTableName(name: string): TableName | undefined {
  const dot = name.indexOf('.');
  return dot > 0 && dot < name.length - 1 ? { schema: name.slice(0, dot), name: name.slice(dot + 1) } : undefined;
}
