import { Failure } from '#libs/failure/failure';
import { ApiError } from '../rows/api-error.ts';
import { translateSqlError } from '../rows/sql-error.ts';

/** A count that came without a row. */
export function brokenOff(): ApiError {
  return new ApiError(500, 'XX000', 'The lakehouse broke its answer off', { details: 'An error in the middle of the query; the engine does not tell which.' });
}

/** What the lakehouse can't do as PostgreSQL does it is refused by name, never answered differently. */
export function unsupported(message: string, hint?: string): ApiError {
  return new ApiError(501, '0A000', message, hint === undefined ? {} : { hint });
}

/** PostgreSQL's words for an operator or function that no type has. */
export function undefinedFunction(message: string): ApiError {
  return new ApiError(404, '42883', message, { hint: 'You might need to add explicit type casts.' });
}

export function permissionDenied(table: string, anonymous: boolean): ApiError {
  return new ApiError(anonymous ? 401 : 403, '42501', `permission denied for table ${table}`, anonymous ? { headers: { 'www-authenticate': 'Bearer' } } : {});
}

/** The caller's own token, which the warehouse does not take (RFC 6750 §3). */
function tokenRefused(details: string): ApiError {
  const message = 'The lakehouse does not accept the token';
  return new ApiError(401, 'PGRST301', message, {
    details,
    headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${message}"` },
  });
}

/** The answer to what a lakehouse query threw: codes and statuses are those that PostgreSQL's trouble of the kind has. */
export function translateLakeError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof Failure)) return translateSqlError(error, false);
  switch (error.kind) {
    case 'dependency-unavailable':
      return new ApiError(503, 'PGRST000', 'Could not connect with the lakehouse.', { details: error.message, headers: { 'retry-after': '1' } });
    case 'timeout':
      return new ApiError(500, '57014', 'canceling statement due to statement timeout', { details: error.message });
    case 'overloaded':
      return new ApiError(503, '53200', 'out of memory', { details: error.message, headers: { 'retry-after': '5' } });
    case 'storage-full':
      return new ApiError(503, '53100', 'disk full', { details: error.message, headers: { 'retry-after': '5' } });
    case 'forbidden':
      if (error.detail['status'] === 401) return tokenRefused(error.message);
      return new ApiError(403, '42501', 'the lakehouse denies this', { details: error.message });
    case 'unsupported':
      return unsupported(error.message);
    case 'invalid-input':
      return new ApiError(400, sqlStateOf(error.message), error.message);
    default:
      return translateSqlError(error, false);
  }
}

/** What RE2 says of a regular expression that is none, and a warehouse's condition of it. */
const REGULAR_EXPRESSION =
  /VALUE\.PATTERN|regex|regular expression|(missing|unexpected) [()\]]|repetition (operator|size)|character class|invalid (escape sequence|perl operator|named capture)|trailing \\/i;

/** The engine knows no SQLSTATEs; what its message says is near one. */
function sqlStateOf(message: string): string {
  if (REGULAR_EXPRESSION.test(message)) return '2201B';
  if (/out of range|overflow/i.test(message)) return '22003';
  return '22000';
}
