import type { UndoProgress, UndoReport, VersionDiff } from '#contracts/http/history';
import type { Problem } from '#contracts/http/problem';
import { pause } from '../backoff.ts';
import { HttpProblem } from '../http-problem.ts';
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
    /** Seconds after which the service goes on by itself and is looked at, 0 to 25; default 2. */
    wait?: number;
    /** Told, once a second, how far an undo is that goes on by itself; its `id` is what `cancelUndo` takes. */
    onProgress?: ((progress: UndoProgress) => void) | undefined;
  };

const LOOK_MS = 1_000;

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

export async function undo(
  http: Http,
  { dryRun = false, force = false, wait, onProgress, reason, traceparent, signal, ...what }: UndoOptions,
): Promise<UndoReport> {
  const headers = { ...writeHeaders({ reason, traceparent }), ...(wait === undefined ? {} : { prefer: wait === 0 ? 'respond-async' : `wait=${wait}` }) };
  let answer = await http.json<UndoReport | UndoProgress>('/v1/undo', { method: 'POST', body: { ...what, dryRun, force }, headers, signal });
  while ('state' in answer) {
    if (answer.report) return answer.report;
    if (answer.state !== 'running') throw failureOf(answer);
    onProgress?.(answer);
    await pause(LOOK_MS, signal ?? new AbortController().signal);
    signal?.throwIfAborted();
    answer = await http.json<UndoProgress>(undoPath(answer.id), { signal });
  }
  return answer;
}

export async function cancelUndo(http: Http, id: string): Promise<void> {
  await http.send(undoPath(id, '/cancel'), { method: 'POST' });
}

function undoPath(id: string, rest = ''): string {
  return `/v1/undo/${encodeURIComponent(id)}${rest}`;
}

/** As if the request itself had been refused. */
function failureOf({ failure, state }: UndoProgress): HttpProblem {
  if (failure) return new HttpProblem(failure as unknown as Problem);
  return new HttpProblem({ type: `urn:lakeloop:problem:${state}`, title: 'Cancelled', status: 409, detail: 'It was cancelled: nothing was changed.' });
}
