import type { Relation } from '../catalogue/catalogue.ts';
import type { ParsedRequest } from './compile-request.ts';
import { formatEtag } from './if-match.ts';
import { appliedPreferences, type Preferences } from './prefer.ts';
import { contentRange, rangeStatus } from './range.ts';
import { isRead, type RowAnswer } from './row-request.ts';
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
  keys?: readonly (readonly string[])[] | null;
  /** Of an upsert: 201 when it inserted something, 200 when it only updated. */
  status?: number;
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
export function readAnswer(request: ParsedRequest, { body, total, page }: Pick<Outcome, 'body' | 'total' | 'page'>): RowAnswer {
  const { answer, range, method } = request;
  if (answer.body === 'object' && page !== 1) throw notSingular(page);
  const status = rangeStatus(range.offset, page, total);
  const headers: Record<string, string> = { 'content-type': answer.contentType, 'content-range': contentRange(range.offset, page, total) };
  applied(headers, request.prefer, ['count', 'handling']);
  return { status, headers, body: method === 'HEAD' ? undefined : (body ?? '') };
}

function writeAnswer(request: ParsedRequest, { body, page, extra }: Outcome, relation: Relation): RowAnswer {
  const { method, prefer, answer } = request;
  const representation = prefer.return === 'representation';
  const headers: Record<string, string> = { 'content-range': writtenRange(method, page, prefer.count !== undefined) };
  applied(headers, prefer, method === 'POST' ? ['resolution', 'return', 'count', 'handling'] : ['return', 'count', 'handling', 'maxAffected']);
  if (representation) headers['content-type'] = answer.contentType;
  const location = method === 'POST' && prefer.return === 'headers-only' ? locationOf(relation, extra) : undefined;
  if (location !== undefined) headers['location'] = location;
  const status = extra.status ?? baseStatus(request);
  // A trigger may have swallowed the one row: nothing was written, and nothing can be shown.
  if (representation && answer.body === 'object' && page === 0) throw notSingular(0);
  return { status, headers, body: representation ? (body ?? '[]') : undefined };
}

function writtenRange(method: string, rows: number, counted: boolean): string {
  const total = counted ? rows : null;
  return method === 'PATCH' ? contentRange(0, rows, total) : contentRange(0, 0, total);
}

function locationOf(relation: Relation, { keys }: OutcomeExtra): string | undefined {
  const [key, ...others] = keys ?? [];
  if (!key || others.length > 0) return undefined;
  const filters = relation.primaryKey.map((column, index) => `${encodeURIComponent(column)}=eq.${encodeURIComponent(key[index] ?? '')}`);
  return `/rest/v1/${encodeURIComponent(relation.name)}?${filters.join('&')}`;
}

function applied(headers: Record<string, string>, preferences: Preferences, names: readonly (keyof Preferences)[]): void {
  const value = appliedPreferences(preferences, names);
  if (value !== undefined) headers['preference-applied'] = value;
}
