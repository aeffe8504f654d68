import type { UndoReport, VersionDiff } from '#contracts/http/history';
import type { Http } from '../http.ts';
import type { TableName } from '../tables/table-name.ts';
import { writeHeaders, type WriteOptions } from '../write-options.ts';
import { historyPath } from './history.ts';
import { keyText, type RowKey } from './row-key.ts';

export interface Comparison {
  key: RowKey;
  /** The changes that made the two versions, by id. */
  from: string;
  to: string;
  signal?: AbortSignal | undefined;
}

export interface RestoreOptions extends WriteOptions {
  key: RowKey;
  /** The change after which the row was as it shall be again. */
  change: string;
  /** The newest change that you know of: a newer one refuses the restore (409 `changed-since`). Without it the restore goes over whatever came since. */
  latest?: string | undefined;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean;
}

/** One change, all that one request changed over all its tables (`request` of a change), or all that was changed under one trace: a case, an import. */
export type Undoable = { change: string } | { request: string } | { trace: string };

export type UndoOptions = WriteOptions &
  Undoable & {
    /** Say what would be done, and do nothing. */
    dryRun?: boolean;
    /** Over what somebody changed since. */
    force?: boolean;
  };

export function compareVersions(http: Http, table: TableName, { key, from, to, signal }: Comparison): Promise<VersionDiff> {
  return http.json(historyPath(table, '/compare'), { query: { schema: table.schema, key: keyText(key), from, to }, signal });
}

export function restoreVersion(http: Http, table: TableName, { key, change, latest, dryRun = false, ...options }: RestoreOptions): Promise<UndoReport> {
  const body = {
    key: keyText(key),
    change,
    dryRun,
    ...(table.schema === undefined ? {} : { schema: table.schema }),
    ...(latest === undefined ? {} : { latest }),
  };
  return http.json(historyPath(table, '/restore'), { method: 'POST', body, headers: writeHeaders(options), signal: options.signal });
}

export function undo(http: Http, { dryRun = false, force = false, reason, traceparent, signal, ...what }: UndoOptions): Promise<UndoReport> {
  return http.json('/v1/undo', { method: 'POST', body: { ...what, dryRun, force }, headers: writeHeaders({ reason, traceparent }), signal });
}
