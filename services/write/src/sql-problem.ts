import { ProblemException, problemOf } from '#libs/runtime/http/problem';
import { translateSqlError } from './rows/sql-error.ts';

/** Below `/v1` Postgres refuses as it does for rows: with the same status, and its SQLSTATE as the problem's `code`. What is nobody's refusal passes. */
export async function withSqlProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemException) throw error;
    const { status, body } = translateSqlError(error, false);
    if (status >= 500 && problemOf(error).status !== 503) throw error;
    const { code, message, details, hint } = body;
    throw new ProblemException(status, 'refused', message, { code, ...(details === null ? {} : { details }), ...(hint === null ? {} : { hint }) });
  }
}
