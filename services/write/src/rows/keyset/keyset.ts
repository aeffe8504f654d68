import type { Relation } from '../../catalogue/relation.ts';
import { ApiError } from '../api-error.ts';
import type { Position } from '../compile/keyset.ts';
import type { Answer } from '../media-type.ts';
import type { Preferences } from '../prefer.ts';
import { isCursor } from '../query/own-parameters.ts';
import { splitQueryString } from '../query/query-string.ts';
import type { OrderItem, RowQuery } from '../query/row-query.ts';
import { isGrouped } from '../query/select-names.ts';
import type { RowRange } from '../range.ts';
import type { RowAnswer, RowRequest } from '../row-request.ts';
import { readCursor, writeCursor } from './cursor.ts';

/** Rows of a page that says nothing of its length. */
const DEFAULT_ROWS = 1_000;
/** It is put together whole. */
const MOST_ROWS = 10_000;

/** What a read says of its pages. */
interface ReadAsked {
  prefer: Preferences;
  query: RowQuery;
  range: RowRange;
  answer: Answer;
}

/** A page that begins behind a row instead of at a number. */
export interface Keyset {
  /** Ordered by the primary key in the end, so that no two rows are equal. */
  query: RowQuery;
  limit: number;
  after: Position | null;
  /** All that decides which rows come in which order: what a cursor belongs to. */
  identity: string;
}

/** Whether pages go by the last row's values: by preference, or with the cursor of a page before. */
export function isKeyset({ prefer, query }: Pick<ReadAsked, 'prefer' | 'query'>): boolean {
  return prefer.page === 'keyset' || query.cursor !== undefined;
}

/** What the request asks for as a keyset page: 400 PGRST127 where there can be none, PGRST134 for another query's cursor. */
export function keysetOf(parsed: ReadAsked, relation: Relation): Keyset {
  requirePages(parsed, relation);
  const query = { ...parsed.query, order: totalOrder(parsed.query.order, relation) };
  const { cursor } = parsed.query;
  const identity = identityOf(query, relation);
  const after = cursor === undefined ? null : readCursor(identity, cursor);
  return { query, limit: Math.min(parsed.range.limit ?? DEFAULT_ROWS, MOST_ROWS), after, identity };
}

/** The answer with the link to the next page; a page that is not full is the last. Where in the whole it lies, nobody has counted. */
export function withNextPage(answer: RowAnswer, request: RowRequest, { limit, identity }: Keyset, { rows, extra }: PageEnd): RowAnswer {
  const [, total = '*'] = (answer.headers['content-range'] ?? '').split('/');
  const headers: Record<string, string> = { ...answer.headers, 'content-range': `*/${total}` };
  if (rows === limit && extra.after) headers['link'] = `<${nextPath(request, limit, writeCursor(identity, extra.after))}>; rel="next"`;
  return { ...answer, headers, rows };
}

export interface PageEnd {
  rows: number;
  /** Place of its last row. */
  extra: { after?: Position | null };
}

/** `only`: whose rows can't be paged so. */
export function noKeysetPages(only: string): ApiError {
  return new ApiError(400, 'PGRST127', `${only} can't be paged by cursor`, { hint: 'Leave page=keyset and the cursor out, and page by limit and offset.' });
}

function requirePages({ query, range, answer }: ReadAsked, { kind, primaryKey, name }: Relation): void {
  if ((kind !== 'r' && kind !== 'p') || primaryKey.length === 0) throw noKeysetPages(`'${name}', which is no table with a primary key,`);
  if (isGrouped(query.select)) throw noKeysetPages('Groups of rows');
  if (answer.body !== 'array' && answer.body !== 'csv') throw noKeysetPages(`An answer of ${answer.contentType}`);
  if (range.offset > 0)
    throw new ApiError(400, 'PGRST127', 'A page by cursor has no offset', {
      hint: 'Leave offset and the start of Range out: the cursor says where it begins.',
    });
}

function totalOrder(order: readonly OrderItem[], { primaryKey }: Relation): OrderItem[] {
  const ordered = new Set(order.filter(({ field, relation }) => field.path.length === 0 && relation === undefined).map(({ field }) => field.column));
  return [...order, ...primaryKey.filter((column) => !ordered.has(column)).map((column): OrderItem => ({ field: { column, path: [] } }))];
}

function identityOf({ conditions, order, embeds, asOf }: RowQuery, { schema, name }: Relation): string {
  return JSON.stringify([schema, name, conditions, order, embeds, asOf]);
}

/** The request's own path with another cursor; its length is said even where a header said it. */
function nextPath({ table, queryString }: RowRequest, limit: number, cursor: string): string {
  const pairs = splitQueryString(queryString).filter(([name, value]) => name !== 'limit' && !isCursor(name, value));
  const all = [...pairs, ['limit', String(limit)] as const, ['cursor', cursor] as const];
  return `/rest/v1/${encodeURIComponent(table)}?${all.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}
