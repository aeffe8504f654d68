import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '#libs/failure/failure';
import { backoffMs } from '#libs/runtime/backoff';

export interface RetryOptions {
  /** Attempts in all. Default 6. */
  attempts?: number;
  /** The longest that all waits together may take, ms. Default 120,000. */
  totalMs?: number;
  /** First wait, ms. Default 500. */
  initialMs?: number;
}

const LONGEST_WAIT_MS = 30_000;

/**
 * Repeats work that failed for a while only. 429 and 503 come from the gateway before anything was done, so they are always repeated, no sooner than `Retry-After` says; a broken connection or
 * another 5xx leaves open whether it was done, so only `repeatable` work is repeated then. When the bounds are reached the last failure is thrown.
 */
export async function retried<T>(
  work: () => Promise<T>,
  { attempts = 6, totalMs = 120_000, initialMs = 500, repeatable, signal }: RetryOptions & { repeatable: boolean; signal?: AbortSignal | undefined },
): Promise<T> {
  let waited = 0;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure) || !passes(error, repeatable) || attempt >= attempts) throw error;
      const wait = Math.max(backoffMs(attempt - 1, { initialMs, maxMs: LONGEST_WAIT_MS }), retryAfterMs(error));
      if (waited + wait > totalMs) throw error;
      waited += wait;
      try {
        await delay(wait, undefined, signal ? { signal } : {});
      } catch {
        signal?.throwIfAborted();
      }
    }
  }
}

function passes({ kind, detail }: Failure, repeatable: boolean): boolean {
  const { status } = detail;
  if (status === 429 || status === 503) return true;
  return (
    repeatable &&
    (kind === 'dependency-unavailable' || kind === 'timeout') &&
    (status === undefined || (typeof status === 'number' && status >= 500 && status !== 501))
  );
}

/** Seconds, or an HTTP date (RFC 9110 §10.2.3). */
function retryAfterMs({ detail: { retryAfter } }: Failure): number {
  if (typeof retryAfter !== 'string') return 0;
  const seconds = Number(retryAfter);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}
