import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffOptions {
  /** First wait, ms. Default 100. */
  initialMs?: number;
  /** Longest wait, ms. Default 5,000. */
  maxMs?: number;
  /** Randomness in [0, 1): injected in tests. */
  random?: () => number;
}

/** Wait before attempt `attempt` (0-based): exponential with full jitter on its upper half. */
export function backoffMs(attempt: number, { initialMs = 100, maxMs = 5_000, random = Math.random }: BackoffOptions = {}): number {
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/**
 * Calls `work` until it succeeds, `retryable` says no (its error is thrown) or `signal` aborts (`AbortError` is thrown).
 * `onRetry` is told of each failure and the wait that follows.
 */
export async function retrying<T>(
  work: (attempt: number) => Promise<T>,
  options: BackoffOptions & {
    retryable: (error: unknown) => boolean;
    onRetry?: (error: unknown, waitMs: number, attempt: number) => void;
    signal?: AbortSignal;
  },
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (!options.retryable(error)) throw error;
      const waitMs = backoffMs(attempt, options);
      options.onRetry?.(error, waitMs, attempt);
      await delay(waitMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}
