import { ProblemException } from '#libs/runtime/http/problem';
import { FilterError } from './subscriptions/filter-error.ts';
import { Refused } from './subscriptions/refusal.ts';

/** What becomes of an error before the stream has started; what is not known here is the global filter's. */
export function problemFor(error: unknown): unknown {
  if (error instanceof FilterError) return new ProblemException(400, 'invalid-filter', error.message, { place: error.place });
  if (error instanceof Refused) {
    const { status, code, detail, hint } = error.refusal;
    return new ProblemException(status, code, detail, hint === undefined ? {} : { hint });
  }
  const { code, message } = error as { code?: string; message?: string };
  if (code === '42501') return new ProblemException(403, 'forbidden', message ?? 'permission denied');
  // `role "x" does not exist`, from setting it.
  if (code === '22023' && message?.startsWith('role ')) return new ProblemException(403, 'forbidden', message ?? 'unknown role');
  if (code?.startsWith('22')) return new ProblemException(400, 'invalid-filter', message ?? 'a value does not fit its column');
  return error;
}
