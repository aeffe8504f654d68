import { type JsonValue, stringifyJson } from '#contracts/topics/json';
import { ApiError } from './api-error.ts';
import { randomHex, readJson, request, traceparent } from './request.ts';

/** A row as `/rest/v1` gives it. */
export type Row = Record<string, unknown>;
export interface Page {
  rows: Row[];
  /** Rows that match, in all; undefined when it wasn't asked for. */
  total: number | undefined;
}

/** Selects rows in PostgREST's dialect. */
export async function selectRows(
  schema: string,
  table: string,
  query: URLSearchParams,
  options: { count?: 'exact' | 'estimated'; signal?: AbortSignal } = {},
): Promise<Page> {
  const response = await request(`/rest/v1/${encodeURIComponent(table)}?${query}`, {
    headers: { 'accept-profile': schema, ...(options.count ? { prefer: `count=${options.count}` } : {}) },
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return { rows: await readJson<Row[]>(response), total: total === undefined ? undefined : Number(total) };
}

/** A write in the making: repeating it with the same key does it once. */
export interface Intent {
  idempotencyKey: string;
  traceparent: string;
}

/** `traceId`: the case's own trace, so that the write appears in it. */
export function newIntent(traceId?: string): Intent {
  return { idempotencyKey: randomHex(16), traceparent: traceparent(traceId) };
}

export async function insertRow(schema: string, table: string, row: Row, intent: Intent): Promise<Row> {
  const response = await request(`/rest/v1/${encodeURIComponent(table)}`, { method: 'POST', headers: writeHeaders(schema, intent), body: JSON.stringify(row) });
  return (await readJson<Row[]>(response))[0] ?? {};
}

/** Changes the rows that `query` names; tells how many there were. */
export async function updateRows(schema: string, table: string, query: URLSearchParams, change: Row, intent: Intent): Promise<number> {
  const path = `/rest/v1/${encodeURIComponent(table)}?${query}`;
  const response = await request(path, { method: 'PATCH', headers: writeHeaders(schema, intent), body: JSON.stringify(change) });
  return (await readJson<Row[]>(response)).length;
}

/** Many rows in one statement: all of them or none. `upsert`: a row whose key is there is changed instead. Gives back the rows as they stand. */
export async function insertRows(schema: string, table: string, rows: readonly Row[], intent: Intent, options: { upsert?: boolean } = {}): Promise<Row[]> {
  const headers = writeHeaders(schema, intent);
  if (options.upsert) headers.prefer = `${headers.prefer},resolution=merge-duplicates`;
  const response = await request(`/rest/v1/${encodeURIComponent(table)}`, { method: 'POST', headers, body: stringifyJson(rows as JsonValue[]) });
  return readJson<Row[]>(response);
}

/** A row and its version, for `If-Match`. */
export interface Versioned {
  row: Row;
  etag: string;
}

/** One row by its key; undefined when it isn't there (any more), or not for this person. */
export async function readVersioned(schema: string, table: string, key: URLSearchParams, signal?: AbortSignal): Promise<Versioned | undefined> {
  const response = await request(`/rest/v1/${encodeURIComponent(table)}?${key}`, { headers: { 'accept-profile': schema }, ...(signal ? { signal } : {}) });
  const [row] = await readJson<Row[]>(response);
  return row && { row, etag: response.headers.get('etag') ?? '' };
}

/** Changes one row if it still is the version that was seen: else `ApiError` 412. */
export async function updateVersioned(
  to: { schema: string; table: string; key: URLSearchParams; etag: string },
  change: Row,
  intent: Intent,
): Promise<Versioned> {
  const headers = { ...writeHeaders(to.schema, intent), 'if-match': to.etag };
  const response = await request(`/rest/v1/${encodeURIComponent(to.table)}?${to.key}`, { method: 'PATCH', headers, body: stringifyJson(change as JsonValue) });
  const [row] = await readJson<Row[]>(response);
  if (!row) throw new ApiError(412, 'The row is gone, or you may not change it.');
  return { row, etag: response.headers.get('etag') ?? '' };
}

/** Deletes the rows that `query` names; gives back what they were. */
export async function deleteRows(schema: string, table: string, query: URLSearchParams, intent: Intent): Promise<Row[]> {
  const response = await request(`/rest/v1/${encodeURIComponent(table)}?${query}`, { method: 'DELETE', headers: writeHeaders(schema, intent) });
  return readJson<Row[]>(response);
}

/** Of a write that gives back the rows as they stand. */
export function writeHeaders(schema: string, intent: Intent): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-profile': schema,
    prefer: 'return=representation',
    'idempotency-key': intent.idempotencyKey,
    traceparent: intent.traceparent,
  };
}

/** `in.(…)` of PostgREST: values quoted, so that any text is one value. */
export function inList(values: readonly (string | number | bigint)[]): string {
  return `in.(${values.map((value) => `"${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')})`;
}
