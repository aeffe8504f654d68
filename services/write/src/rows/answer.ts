import type { Relation } from '../catalogue/relation.ts';
import { ApiError } from './api-error.ts';
import type { ParsedRequest } from './compile-request.ts';
import { formatEtag } from './if-match.ts';
import { appliedPreferences, type Preferences } from './prefer.ts';
import { contentRange, rangeStatus } from './range.ts';
import { isRead, type RowAnswer } from './row-request.ts';
import type { Left } from './session.ts';
import { notSingular } from './sql-error.ts';

/** The one row of a statement (compile/statement.ts). */
export interface Outcome {
  body: string | null;
  total: number | null;
  page: number;
  extra: OutcomeExtra;
}

export interface OutcomeExtra {
  /** Row version of the single row read or written. */
  etag?: string | null;
  /** Key values as text, one list for each row. */
  keys?: readonly (readonly (string | null)[])[] | null;
  /** Of an upsert: 201 when it inserted something, 200 when it only updated. */
  status?: number;
  /** Place of a keyset page's last row; null where there is none. */
  after?: readonly (string | null)[] | null;
}

/** Status, headers and body as PostgREST gives them, plus the row's ETag. */
export function answerFor(request: ParsedRequest, outcome: Outcome, relation: Relation): RowAnswer {
  const answer = isRead(request.method) ? readAnswer(request, outcome) : writeAnswer(request, outcome, relation);
  if (outcome.page === 1 && outcome.extra.etag) answer.headers['etag'] = formatEtag(outcome.extra.etag);
  return answer;
}

/** Of a write that was carried out; an upsert's own status is in `extra`. */
export function baseStatus({ method, prefer }: ParsedRequest): number {
  if (method === 'POST') return 201;
  return prefer.return === 'representation' ? 200 : 204;
}

/** `page` rows of `total`; 406 when one object was asked for and there is another number of rows. */
export function readAnswer(
  request: Pick<ParsedRequest, 'answer' | 'range' | 'method' | 'prefer'>,
  { body, total, page }: Pick<Outcome, 'body' | 'total' | 'page'>,
): RowAnswer {
  const { answer, range, method } = request;
  if (answer.body === 'object' && page !== 1) throw notSingular(page);
  const status = rangeStatus(range.offset, page, total);
  const headers: Record<string, string> = { 'content-type': answer.contentType, 'content-range': contentRange(range.offset, page, total) };
  applied(headers, request.prefer, ['count', 'tx', 'handling', 'timezone', 'page']);
  return { status, headers, body: method === 'HEAD' ? undefined : bytesOf(answer.body, body ?? '') };
}

/** What the database writes by itself comes as base64. */
export function bytesOf(kind: string, body: string): string | Buffer {
  return kind === 'handler' || kind === 'raw' ? Buffer.from(body, 'base64') : body;
}

function writeAnswer(request: ParsedRequest, { body, page, extra }: Outcome, relation: Relation): RowAnswer {
  const { method, prefer, answer } = request;
  const representation = prefer.return === 'representation';
  const headers: Record<string, string> = method === 'PUT' ? {} : { 'content-range': writtenRange(method, page, prefer.count) };
  applied(headers, prefer, preferencesOf(request, relation));
  if (representation) headers['content-type'] = answer.contentType;
  const location = method === 'POST' && prefer.return === 'headers-only' ? locationOf(relation, extra) : undefined;
  if (location !== undefined) headers['location'] = location;
  const status = statusOf(request, extra, page);
  // A trigger may have swallowed the one row: nothing was written, and nothing can be shown.
  if (representation && answer.body === 'object' && page === 0) throw notSingular(0);
  return { status, headers, body: representation ? bytesOf(answer.body, body ?? '[]') : undefined };
}

function statusOf(request: ParsedRequest, { status }: OutcomeExtra, rows: number): number {
  const { method, prefer } = request;
  if (method === 'PUT' && prefer.return !== 'representation') return 204;
  if (method === 'POST' && prefer.resolution === 'merge-duplicates' && rows === 0) return 200;
  return status ?? (request.method === 'PUT' ? 200 : baseStatus(request));
}

/** Those that had a say. */
function preferencesOf({ method, query }: ParsedRequest, { primaryKey }: Relation): (keyof Preferences)[] {
  const all: (keyof Preferences)[] = ['return', 'count', 'tx', 'handling', 'timezone'];
  if (method === 'POST') return [...all, 'missing', ...(primaryKey.length > 0 || query.onConflict !== null ? (['resolution'] as const) : [])];
  if (method === 'PATCH') return [...all, 'missing', 'maxAffected'];
  return method === 'DELETE' ? [...all, 'maxAffected'] : all;
}

function writtenRange(method: string, rows: number, count: Preferences['count']): string {
  const total = count === 'exact' || count === 'estimated' ? rows : null;
  return method === 'PATCH' ? contentRange(0, rows, total) : contentRange(0, 0, total);
}

function locationOf(relation: Relation, { keys }: OutcomeExtra): string | undefined {
  const [key, ...others] = keys ?? [];
  if (!key || others.length > 0) return undefined;
  const filters = relation.primaryKey.map(
    (column, index) => `${encodeURIComponent(column)}=${key[index] === null ? 'is.null' : `eq.${encodeURIComponent(key[index] ?? '')}`}`,
  );
  return `/rest/v1/${encodeURIComponent(relation.name)}?${filters.join('&')}`;
}

function applied(headers: Record<string, string>, preferences: Preferences, names: readonly (keyof Preferences)[]): void {
  const value = appliedPreferences(preferences, names);
  if (value !== undefined) headers['preference-applied'] = value;
}

/** The answer as functions and triggers left word of in `response.status` and `response.headers`: 500 PGRST111 and PGRST112 for what can't be read. */
export function overridden(answer: RowAnswer, left: Left | undefined): RowAnswer {
  if (!left || (left.status === null && left.headers === null)) return answer;
  const status = left.status === null ? answer.status : leftStatus(left.status);
  const headers = { ...answer.headers };
  const repeated: Record<string, string[]> = {};
  for (const [name, value] of leftHeaders(left.headers)) {
    const list = (repeated[name.toLowerCase()] ??= []);
    list.push(value);
  }
  for (const name of Object.keys(repeated)) delete headers[name];
  return { ...answer, status, headers, repeated };
}

function leftStatus(text: string): number {
  const status = /^\d{3}/.test(text) ? Number(text.slice(0, 3)) : 0;
  if (status >= 200 && status <= 599) return status;
  throw new ApiError(500, 'PGRST112', 'response.status guc must be a valid status code');
}

function leftHeaders(text: string | null): [name: string, value: string][] {
  if (text === null) return [];
  try {
    const list = JSON.parse(text) as unknown;
    if (Array.isArray(list)) {
      const pairs = list.map((item: unknown) => Object.entries((item ?? {}) as Record<string, unknown>));
      if (pairs.every((entries) => entries.length === 1 && typeof entries[0]?.[1] === 'string')) return pairs.map(([entry]) => entry as [string, string]);
    }
  } catch {
    // said below
  }
  throw new ApiError(500, 'PGRST111', 'response.headers guc must be a JSON array composed of objects with a single key and a string value');
}
