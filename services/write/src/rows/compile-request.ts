import { keptOutcome } from '#libs/governance/governed';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Relation } from '../catalogue/relation.ts';
import { ApiError } from './api-error.ts';
import { readBody, type RowBody } from './body.ts';
import { compileInsert } from './compile/insert.ts';
import { hasRowVersion, selectsByKey } from './compile/key.ts';
import { compileKeysetPage } from './compile/keyset.ts';
import { compileRead } from './compile/read.ts';
import type { RowBounds, Statement } from './compile/statement.ts';
import { compileDelete, compileUpdate } from './compile/update.ts';
import type { Returning } from './compile/write.ts';
import { parseIfMatch, requireKey } from './if-match.ts';
import { isKeyset, type Keyset, keysetOf, noKeysetPages } from './keyset/keyset.ts';
import { type Answer, bodyType, negotiate, type Offer, shapeOf } from './media-type.ts';
import { noPast } from './past-read.ts';
import { parsePrefer, type Preferences } from './prefer.ts';
import { parseRowQuery } from './query/parse-row-query.ts';
import type { RowQuery } from './query/row-query.ts';
import { hasAggregates } from './query/select-names.ts';
import { limitEmbeds, resolveRange, type RowRange } from './range.ts';
import { isRead, type RowRequest } from './row-request.ts';
import { requirePutFilters, wrongPutFilters } from './single-upsert.ts';

/** All that a request says, read and checked as far as that goes without the catalogue. */
export interface ParsedRequest {
  method: string;
  query: RowQuery;
  prefer: Preferences;
  answer: Answer;
  range: RowRange;
  /** Of a write that has one. */
  body: RowBody | undefined;
  ifMatch: readonly string[] | null | undefined;
  idempotencyKey: string | undefined;
}

/** What the service allows. */
export interface ReadLimits {
  /** Most rows of one read; undefined: no bound. */
  maxRows: number | undefined;
  /** Whether reads may aggregate. */
  aggregates: boolean;
  /** Whether a request may say how its transaction ends. */
  tx: boolean;
}

export function parseRequest(request: RowRequest, limits: ReadLimits, offer?: Offer): ParsedRequest {
  const { method, headers } = request;
  const read = isRead(method);
  const query = parseRowQuery(request.queryString);
  const range = read ? resolveRange(query, method === 'GET' ? headers['range'] : undefined, limits.maxRows) : { offset: 0, limit: null };
  const parsed = {
    method,
    query: read ? limitEmbeds(query, limits.maxRows) : query,
    prefer: allowedPreferences(parsePrefer(headers['prefer']), limits),
    answer: negotiate(headers['accept'], offer && offerFor(query, read ? offer : { ...offer, exports: false })),
    range,
    body: method === 'POST' || method === 'PATCH' || method === 'PUT' ? bodyOf(request, query) : undefined,
    ifMatch: read ? undefined : parseIfMatch(headers['if-match']),
    idempotencyKey: read ? undefined : idempotencyKeyOf(headers['idempotency-key']),
  };
  if (hasAggregates(query) && !(read && limits.aggregates))
    throw new ApiError(400, 'PGRST123', 'Use of aggregate functions is not allowed', read ? {} : { details: 'A write answers with the rows it wrote.' });
  if (!read && query.cursor !== undefined) throw noKeysetPages('What is written');
  if (!read && query.asOf !== undefined) throw noPast('What is written');
  if (method === 'PUT') requirePutFilters(query);
  return parsed;
}

export function allowedPreferences(preferences: Preferences, { tx }: ReadLimits): Preferences {
  if (tx || preferences.tx === undefined) return preferences;
  const { tx: _ignored, ...others } = preferences;
  return others;
}

/** A handler of a relation's rows takes them whole; one of any rows takes whatever is selected. */
export function offerFor({ select, embeds }: RowQuery, offer: Offer): Offer {
  if (select === null && embeds.length === 0) return offer;
  return { ...offer, handlers: offer.handlers.filter(({ target }) => target === undefined) };
}

function bodyOf({ method, headers, body }: RowRequest, query: RowQuery): RowBody {
  return readBody(body, method === 'PUT' ? null : query.columns, bodyType(headers['content-type']));
}

export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new ApiError(400, 'PGRST127', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
}

export interface CompileOptions {
  /** Whether the row version may be asked for. */
  versioned: boolean;
  maxRows: number | undefined;
}

/** An estimate beyond the most rows of an answer is the planner's to give. */
export function countedRows({ count }: Preferences, maxRows: number | undefined): boolean | number {
  if (count === 'estimated' && maxRows !== undefined) return maxRows + 1;
  return count === 'exact' || count === 'estimated';
}

/** `keyset`: of a page by cursor. */
export interface RequestStatement extends Statement {
  keyset?: Keyset;
}

/** The statement for a request. Throws `UnknownColumn` when this catalogue does not have a name. */
export function compileRequest(request: ParsedRequest, relation: Relation, catalogue: Catalogue, options: CompileOptions): RequestStatement {
  const { method, query, range, prefer } = request;
  if (!isRead(method)) return compileWrite(request, relation, catalogue, options);
  const read = { relation, catalogue, shape: shapeOf(request.answer, method === 'GET'), count: countedRows(prefer, options.maxRows) };
  if (isKeyset(request)) {
    const keyset = keysetOf(request, relation);
    return { ...compileKeysetPage({ ...read, ...keyset }), keyset };
  }
  return compileRead({ ...read, query, ...range, versioned: options.versioned });
}

function compileWrite(request: ParsedRequest, relation: Relation, catalogue: Catalogue, options: CompileOptions): Statement {
  const { method, query, prefer, ifMatch } = request;
  const body = request.body as RowBody;
  const returning = returningOf(request, options);
  const defaults = prefer.missing === 'default' && query.columns !== null;
  if (method === 'POST' || method === 'PUT') {
    if (ifMatch !== undefined) requireKey(false);
    const single = method === 'PUT';
    const resolution = single ? 'merge-duplicates' : prefer.resolution;
    const conditions = single ? query.conditions : [];
    if (single && !selectsByKey(relation, conditions, true)) throw wrongPutFilters();
    return compileInsert({ relation, catalogue, body, resolution, onConflict: single ? null : query.onConflict, defaults, conditions, returning });
  }
  if (ifMatch !== undefined) requireKey(hasRowVersion(relation) && selectsByKey(relation, query.conditions));
  if (method === 'PATCH' && body.rows > 1) throw new ApiError(400, 'PGRST102', 'PATCH takes one object', { details: `The body holds ${body.rows}.` });
  const change = { relation, catalogue, query, ifMatch, returning };
  return method === 'PATCH' ? compileUpdate({ ...change, body, defaults }) : compileDelete(change);
}

/** Whether a repeat of the write is answered with its status alone, whatever it wrote. */
export function answersStatusOnly({ method, prefer }: ParsedRequest): boolean {
  const minimal = prefer.return === undefined || prefer.return === 'minimal';
  return method === 'POST' && minimal && prefer.count === undefined && prefer.resolution === undefined;
}

function returningOf(request: ParsedRequest, { versioned }: CompileOptions): Returning {
  const { method, prefer, answer, query, idempotencyKey } = request;
  const keep = idempotencyKey !== undefined && !answersStatusOnly(request);
  const representation = prefer.return === 'representation';
  const allowed = allowedRows(request);
  return {
    shape: shapeOf(answer, representation),
    query,
    keys: keep || (method === 'POST' && prefer.return === 'headers-only'),
    version: versioned && method !== 'DELETE',
    ...(keep ? { keep: keptOutcome } : {}),
    ...(allowed ? { allowed } : {}),
  };
}

/** A single object that was promised, the row of `If-Match` or PUT, and `max-affected` are kept by undoing the write that breaks them. */
function allowedRows({ method, prefer, answer, ifMatch }: ParsedRequest): RowBounds | undefined {
  const one = answer.body === 'object' || ifMatch !== undefined || method === 'PUT';
  const bounded = (method === 'PATCH' || method === 'DELETE') && prefer.handling === 'strict';
  const most = bounded ? prefer.maxAffected : undefined;
  if (one) return { least: 1, most: Math.min(1, most ?? 1) };
  return most === undefined ? undefined : { most };
}
