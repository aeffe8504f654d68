import { Failure } from '#libs/failure/failure';
import { connectionFailure, httpFailure, statementFailure } from './failures.ts';

/** The driver's error classes are not exported; these are their shapes (2.1.0). */
interface HttpException {
  statusCode: number;
  response: { headers: { get(name: string): string | null } };
}
interface StateError {
  errorCode: string;
  response?: { sqlState?: string; displayMessage?: string; errorMessage?: string };
}

/** A session that the warehouse has forgotten, or that was closed here: nothing ran. */
const NO_SESSION = /invalid (session ?)?handle|session (was closed|.*expired|.*does not exist|not found)/i;

/** Whatever the driver threw as a Failure. */
export function driverFailure(error: unknown, whose: 'service' | 'user'): Failure {
  if (error instanceof Failure) return error;
  if (typeof error !== 'object' || error === null) return new Failure('bug', String(error));
  if ('statusCode' in error && 'response' in error) return httpException(error as HttpException, whose);
  // Retries of the driver's own that ran out carry what they ran into.
  if ('payload' in error) return payloadFailure(error.payload, whose);
  if ('errorCode' in error && typeof error.errorCode === 'string') return stateFailure(error as StateError, error);
  const message = 'message' in error ? String(error.message) : '';
  if ('name' in error && error.name === 'Status Error') return statementFailure({ sqlState: undefined, message }, error);
  if (error.constructor.name === 'StagingError') return stagingFailure(message, error);
  if ('code' in error || 'type' in error || /hang up|premature close|aborted|network/i.test(message)) return connectionFailure(error);
  return new Failure('bug', `the Databricks driver failed: ${message}`, { cause: error });
}

export function isSessionGone(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'message' in error && NO_SESSION.test(String(error.message));
}

function httpException({ statusCode, response }: HttpException, whose: 'service' | 'user'): Failure {
  const { kind, message, detail } = httpFailure(statusCode, 'to run the statement', whose);
  const retryAfter = response.headers.get('retry-after');
  return new Failure(kind, message, { detail: { ...detail, ...(retryAfter === null ? {} : { retryAfter }) } });
}

function payloadFailure(payload: unknown, whose: 'service' | 'user'): Failure {
  if (typeof payload === 'object' && payload !== null && 'response' in payload) {
    const { response } = payload as { response: { status: number } };
    const { kind, message, detail } = httpFailure(response.status, 'to follow the statement', whose);
    return new Failure(kind, message, { detail: { ...detail, exhausted: true } });
  }
  return connectionFailure(payload);
}

function stateFailure({ errorCode, response }: StateError, cause: unknown): Failure {
  if (errorCode === 'TIMEOUT') return new Failure('timeout', 'the statement took longer than the warehouse lets it', { cause });
  if (errorCode === 'CANCELED' || errorCode === 'CLOSED')
    return new Failure('timeout', 'the statement was stopped in the warehouse by somebody else', { cause });
  return statementFailure({ sqlState: response?.sqlState, message: response?.displayMessage ?? response?.errorMessage ?? '' }, cause);
}

/** A file on its way to or from the volume; the addresses hold signatures, so the message is ours. */
function stagingFailure(message: string, cause: unknown): Failure {
  const status = /^HTTP error (\d+)/.exec(message)?.[1];
  return new Failure('dependency-unavailable', `a staged file could not be moved${status === undefined ? '' : `: the object store answered ${status}`}`, {
    cause,
    detail: status === undefined ? {} : { objectStoreStatus: Number(status) },
  });
}
