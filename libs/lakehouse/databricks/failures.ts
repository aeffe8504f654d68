import { Failure } from '#libs/failure/failure';
import type { FailureKind } from '#libs/failure/failure-kind';

/** SQLSTATEs of Databricks (SQL language manual, "SQLSTATE error codes"): by full code, then by class. */
const BY_STATE: Readonly<Record<string, FailureKind>> = {
  '42501': 'forbidden',
  '42K0I': 'unsupported',
  '2D521': 'conflict',
  '40000': 'conflict',
  '40001': 'conflict',
  '57014': 'timeout',
  HYT00: 'timeout',
  HY008: 'timeout',
  '28000': 'forbidden',
  '53200': 'overloaded',
  '0A': 'unsupported',
  '08': 'dependency-unavailable',
  '57': 'dependency-unavailable',
  '58': 'dependency-unavailable',
  '53': 'overloaded',
  '54': 'invalid-input',
  XX: 'dependency-unavailable',
  '21': 'invalid-input',
  '22': 'invalid-input',
  '23': 'invalid-input',
  '42': 'invalid-input',
  '44': 'invalid-input',
};
/** Concurrent modification has conditions of its own, whose SQLSTATE older runtimes leave out. */
const CONFLICT =
  /DELTA_(CONCURRENT|METADATA_CHANGED|PROTOCOL_CHANGED)|ConcurrentAppendException|ConcurrentModification|MetadataChangedException|TRANSACTION_(CONFLICT|ABORTED)|ConcurrentDelete/;

/** What a statement's end says of it. */
export interface StatementError {
  sqlState: string | undefined;
  message: string;
}

/** A statement that the warehouse refused or gave up. `detail`: its condition and SQLSTATE. */
export function statementFailure({ sqlState, message }: StatementError, cause?: unknown): Failure {
  const state = sqlState ?? /SQLSTATE:?\s*([0-9A-Z]{5})/.exec(message)?.[1];
  const condition = /^\s*(?:[\w.]+(?:Exception|Error): )?\[([A-Z0-9_.]+)\]/.exec(message)?.[1];
  const kind = CONFLICT.test(message) ? 'conflict' : state === undefined ? undefined : (BY_STATE[state] ?? BY_STATE[state.slice(0, 2)]);
  return new Failure(kind ?? 'dependency-unavailable', describe(message, condition, state), {
    cause,
    detail: { ...(condition === undefined ? {} : { condition }), ...(state === undefined ? {} : { sqlState: state }) },
  });
}

/** What is said of data (SQLSTATE classes 21 to 23 and 44) may quote a row's values, so only the condition is told. */
function describe(message: string, condition: string | undefined, state: string | undefined): string {
  const first = message.split('\n')[0] ?? '';
  if (condition === undefined)
    return state === undefined ? 'the warehouse ended the statement without saying why' : `the warehouse ended the statement (SQLSTATE ${state})`;
  if (state !== undefined && /^(21|22|23|44)/.test(state)) return `the warehouse refused the data: ${condition} (SQLSTATE ${state})`;
  return first;
}

/** An HTTP answer that is not 200. `whose`: a user's own token is that user's matter, ours is a setting. */
export function httpFailure(status: number, what: string, whose: 'service' | 'user' = 'service', cause?: unknown): Failure {
  const detail = { status };
  const options = cause === undefined ? { detail } : { cause, detail };
  if (status === 401)
    return whose === 'user'
      ? new Failure('forbidden', `Databricks does not accept the user's token`, options)
      : new Failure(
          'misconfigured',
          'Databricks does not accept the credentials: check DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET',
          options,
        );
  if (status === 403) return new Failure('forbidden', `Databricks does not allow this principal ${what}`, options);
  if (status === 404) return new Failure('misconfigured', `Databricks knows no ${what}: check DATABRICKS_HOST and DATABRICKS_HTTP_PATH`, options);
  if (status === 429) return new Failure('overloaded', `Databricks is too busy for ${what}`, options);
  if (status >= 500) return new Failure('dependency-unavailable', `Databricks answered ${what} with ${status}`, options);
  return new Failure('invalid-input', `Databricks answered ${what} with ${status}`, options);
}

/** A connection that was not made, or broke. */
export function connectionFailure(cause: unknown): Failure {
  return new Failure('dependency-unavailable', 'Databricks can not be reached, or the connection broke', { cause });
}
