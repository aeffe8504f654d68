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
  options: { count?: boolean; signal?: AbortSignal } = {},
): Promise<Page> {
  const response = await request(`/rest/v1/${encodeURIComponent(table)}?${query}`, {
    headers: { 'accept-profile': schema, ...(options.count ? { prefer: 'count=exact' } : {}) },
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

function writeHeaders(schema: string, intent: Intent): Record<string, string> {
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
