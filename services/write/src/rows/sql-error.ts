import { classify } from '#libs/failure/classify';
import { ApiError } from './api-error.ts';
import { MOST_COUNTED } from './compile/read.ts';
import { COUNT_REFUSED } from './compile/statement.ts';

/** The fields of a PostgreSQL error that an answer is made of. */
interface SqlError {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
}

/** HTTP status by SQLSTATE, as PostgREST has it: full code first, then class, else 400. Ours: 55P03 (a lock was not to be had in time) may be tried again. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  '21000': 500,
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '42883': 404,
  '42P01': 404,
  '42P17': 500,
  '53400': 500,
  '55P03': 503,
  '57P01': 503,
  P0001: 400,
};
const STATUS_BY_CLASS: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

/** The answer to whatever a statement threw. `anonymous`: the request had no token, so that lacking a grant means "sign in". */
export function translateSqlError(error: unknown, anonymous: boolean): ApiError {
  if (error instanceof ApiError) return error;
  const sql = sqlErrorIn(error);
  if (sql) return refusedCount(sql) ?? fromSql(sql, anonymous);
  const failure = classify(error);
  if (failure.kind === 'dependency-unavailable' || failure.kind === 'overloaded' || failure.kind === 'timeout')
    return new ApiError(503, 'PGRST000', 'Could not connect with the database.', {
      details: failure.message,
      hint: 'The service goes on by itself once PostgreSQL answers.',
      headers: { 'retry-after': '1' },
    });
  return new ApiError(500, 'PGRSTX00', 'Internal error', { details: 'It has been logged with this request id.' });
}

/** Finds the PostgreSQL error in what was thrown, through classified wrappers. */
function sqlErrorIn(error: unknown): SqlError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if ('code' in cause && typeof cause.code === 'string' && 'severity' in cause && /^[0-9A-Z]{5}$/.test(cause.code)) return cause as unknown as SqlError;
  return undefined;
}

/** SQLSTATE of what was thrown; undefined when it is no PostgreSQL error. */
export function sqlStateOf(error: unknown): string | undefined {
  return sqlErrorIn(error)?.code;
}

function fromSql({ code, message, detail, hint }: SqlError, anonymous: boolean): ApiError {
  if (code === 'PGRST') return fromRaisedResponse(message, detail);
  const status = statusOf(code, message, anonymous);
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Bearer' } : status === 503 ? { 'retry-after': '1' } : {};
  return new ApiError(status, code, message, { details: detail ?? null, hint: hint ?? hintFor(code, message), headers });
}

/** What PostgreSQL leaves unsaid. */
function hintFor(code: string, message: string): string | null {
  if (code !== '57014' || !message.includes('statement timeout')) return null;
  return 'It ran for longer than this service lets a statement run (WRITE_STATEMENT_TIMEOUT_MS). Narrow it by filters or a limit, or add an index.';
}

function statusOf(code: string, message: string, anonymous: boolean): number {
  if (code === '42501') return anonymous ? 401 : 403;
  if (code === '22023' && /^role ".*" does not exist$/s.test(message)) return 401;
  // pg-safeupdate refuses what the client forgot.
  if (code === '21000' && message.endsWith('requires a WHERE clause')) return 400;
  const raised = /^PT([1-5]\d\d)$/.exec(code);
  if (raised) return Number(raised[1]);
  return STATUS_BY_CODE[code] ?? STATUS_BY_CLASS[code.slice(0, 2)] ?? (code.startsWith('PT') ? 500 : 400);
}

/** `raise sqlstate 'PGRST'` with the answer as JSON in message and detail. */
function fromRaisedResponse(message: string, detail: string | undefined): ApiError {
  const body = jsonObject(message);
  if (typeof body?.['code'] !== 'string' || typeof body['message'] !== 'string')
    return unreadable(`Invalid JSON value for MESSAGE: '${message}'`, MESSAGE_HINT);
  if (detail === undefined) return unreadable('DETAIL is missing in the RAISE statement', DETAIL_HINT);
  const answer = jsonObject(detail);
  const status = answer?.['status'];
  const headers = answer?.['headers'];
  if (typeof status !== 'number' || status < 200 || status > 599 || typeof headers !== 'object' || headers === null)
    return unreadable(`Invalid JSON value for DETAIL: '${detail}'`, DETAIL_HINT);
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return new ApiError(status, body['code'], body['message'], {
    details: text(body['details']),
    hint: text(body['hint']),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
  });
}

const MESSAGE_HINT = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const DETAIL_HINT = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

function unreadable(details: string, hint: string): ApiError {
  return new ApiError(500, 'PGRST121', 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error', { details, hint });
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A write undone because its row count was not what the caller asked for (compile/statement.ts). */
function refusedCount({ code, message }: SqlError): ApiError | undefined {
  const rows = code === '22P02' ? new RegExp(`"${COUNT_REFUSED}:(\\d+)"`).exec(message)?.[1] : undefined;
  return rows === undefined ? undefined : new RefusedCount(Number(rows));
}

/** Thrown for the caller to word: it knows whether one object or at most n rows were asked for. */
export class RefusedCount extends ApiError {
  readonly rows: number;

  constructor(rows: number) {
    super(400, 'PGRST124', 'Query result exceeds max-affected preference constraint', { details: `The query affects ${rows} rows` });
    this.rows = rows;
  }
}

export function notSingular(rows: number): ApiError {
  const number = rows < MOST_COUNTED ? String(rows) : `more than ${MOST_COUNTED - 1}`;
  return new ApiError(406, 'PGRST116', 'Cannot coerce the result to a single JSON object', { details: `The result contains ${number} rows` });
}
