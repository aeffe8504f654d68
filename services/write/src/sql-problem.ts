import { ProblemException, problemOf } from '#libs/runtime/http/problem';
import type { ApiError } from './rows/api-error.ts';
import { translateSqlError } from './rows/sql-error.ts';

/** What the row API answers, as it is said below `/v1`: the same status, and its code, details and hint beside the message. */
export function problemFrom({ status, body }: ApiError, type = 'refused', more: Readonly<Record<string, unknown>> = {}): ProblemException {
  const { code, message, details, hint } = body;
  return new ProblemException(status, type, message, { ...more, code, ...(details === null ? {} : { details }), ...(hint === null ? {} : { hint }) });
}

/** Below `/v1` Postgres refuses as it does for rows: with the same status, and its SQLSTATE as the problem's `code`. What is nobody's refusal passes. */
export async function withSqlProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemException) throw error;
    const refusal = translateSqlError(error, false);
    if (refusal.status >= 500 && problemOf(error).status !== 503) throw error;
    throw problemFrom(refusal);
  }
}
