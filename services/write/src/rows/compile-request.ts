import { keptOutcome } from '#libs/governance/governed';
import type { Catalogue, Relation } from '../catalogue/catalogue.ts';
import { ApiError } from './api-error.ts';
import { readBody, type RowBody } from './body.ts';
import { compileInsert } from './compile/insert.ts';
import { hasRowVersion, selectsByKey } from './compile/key.ts';
import { compileRead } from './compile/read.ts';
import type { Statement } from './compile/statement.ts';
import { compileDelete, compileUpdate } from './compile/update.ts';
import type { Returning } from './compile/write.ts';
import { parseIfMatch, requireKey } from './if-match.ts';
import { type Answer, negotiate, requireJson, shapeOf } from './media-type.ts';
import { parsePrefer, type Preferences } from './prefer.ts';
import { parseRowQuery } from './query/parse-row-query.ts';
import type { RowQuery } from './query/row-query.ts';
import { isGrouped } from './query/select-names.ts';
import { resolveRange, type RowRange } from './range.ts';
import { isRead, type RowRequest } from './row-request.ts';

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
}

export function parseRequest(request: RowRequest, { maxRows, aggregates }: ReadLimits): ParsedRequest {
  const { method, headers } = request;
  const read = isRead(method);
  const query = parseRowQuery(request.queryString);
  const parsed = {
    method,
    query,
    prefer: parsePrefer(headers['prefer']),
    answer: negotiate(headers['accept']),
    range: read ? resolveRange(query, headers['range'], maxRows) : { offset: 0, limit: null },
    body: method === 'POST' || method === 'PATCH' ? bodyOf(request, query) : undefined,
    ifMatch: read ? undefined : parseIfMatch(headers['if-match']),
    idempotencyKey: read ? undefined : idempotencyKeyOf(headers['idempotency-key']),
  };
  if (isGrouped(query.select) && !(read && aggregates))
    throw new ApiError(400, 'PGRST123', 'Use of aggregate functions is not allowed', read ? {} : { details: 'A write answers with the rows it wrote.' });
  if (!read && query.embeds.length > 0)
    throw new ApiError(400, 'PGRST200', 'A write answers with its own rows alone', { hint: 'Read the related rows in a request of their own.' });
  if (!read && (query.limit !== null || query.offset !== 0))
    throw new ApiError(400, 'PGRST109', 'limit and offset are for reads', { hint: 'Filter the rows to be changed.' });
  return parsed;
}

function bodyOf({ method, headers, body: raw }: RowRequest, query: RowQuery): RowBody {
  requireJson(headers['content-type']);
  const body = readBody(raw, query.columns);
  if (method === 'PATCH' && body.rows !== 1) throw new ApiError(400, 'PGRST102', 'PATCH takes one object', { details: `The body holds ${body.rows}.` });
  return body;
}

function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (/^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new ApiError(400, 'PGRST127', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
}

export interface CompileOptions {
  /** Whether the row version may be asked for. */
  versioned: boolean;
}

/** The statement for a request. Throws `UnknownColumn` when this catalogue does not have a name. */
export function compileRequest(request: ParsedRequest, relation: Relation, catalogue: Catalogue, options: CompileOptions): Statement {
  const { method, query, range, body } = request;
  const { types } = catalogue;
  if (isRead(method))
    return compileRead({
      relation,
      types,
      query,
      shape: shapeOf(request.answer, method === 'GET'),
      ...range,
      count: request.prefer.count !== undefined,
      versioned: options.versioned,
    });
  const returning = returningOf(request, options);
  if (method === 'POST') {
    if (request.ifMatch !== undefined) requireKey(false);
    return compileInsert({ relation, types, body: body as RowBody, resolution: request.prefer.resolution, onConflict: query.onConflict, returning });
  }
  if (request.ifMatch !== undefined) requireKey(hasRowVersion(relation) && selectsByKey(relation, query.conditions));
  const change = { relation, types, conditions: query.conditions, ifMatch: request.ifMatch, returning };
  return method === 'PATCH' ? compileUpdate({ ...change, body: body as RowBody }) : compileDelete(change);
}

/** Whether a repeat of the write is answered with its status alone, whatever it wrote. */
export function answersStatusOnly({ method, prefer }: ParsedRequest): boolean {
  const minimal = prefer.return === undefined || prefer.return === 'minimal';
  return method === 'POST' && minimal && prefer.count === undefined && prefer.resolution === undefined;
}

/** A single object that was promised, the row of `If-Match`, and `max-affected` are kept by undoing the write that breaks them. */
function returningOf(request: ParsedRequest, { versioned }: CompileOptions): Returning {
  const { method, prefer, answer, query, idempotencyKey, ifMatch } = request;
  const keep = idempotencyKey !== undefined && !answersStatusOnly(request);
  const representation = prefer.return === 'representation';
  const one = (representation && answer.body === 'object') || ifMatch !== undefined;
  const most = method === 'POST' || prefer.handling !== 'strict' ? undefined : prefer.maxAffected;
  const allowed = one ? { least: 1, most: Math.min(1, most ?? 1) } : most === undefined ? undefined : { most };
  return {
    shape: shapeOf(answer, representation),
    select: query.select,
    keys: keep || (method === 'POST' && prefer.return === 'headers-only'),
    version: versioned && method !== 'DELETE',
    ...(keep ? { keep: keptOutcome } : {}),
    ...(allowed ? { allowed } : {}),
  };
}
