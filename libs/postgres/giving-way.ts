import { retrying } from '#libs/runtime/backoff';

/** How long DDL waits for a lock before it lets readers and writers pass, and how often it tries. */
export const LOCK_TIMEOUT_MS = 1_000;
const ATTEMPTS = 8;
/** A lock was not to be had in time; a deadlock. */
const BUSY = new Set(['55P03', '40P01']);

export interface Patience {
  attempts?: number;
  signal?: AbortSignal;
}

/** Repeats a transaction that begins with `set local lock_timeout = LOCK_TIMEOUT_MS` until it has its locks: while it waits for one, everybody behind it waits too. */
export function givingWay<T>(attemptOnce: () => Promise<T>, { attempts = ATTEMPTS, signal }: Patience = {}): Promise<T> {
  let attempt = 0;
  return retrying(attemptOnce, {
    initialMs: 100,
    maxMs: 2_000,
    retryable: (error) => isBusy(error) && (attempt += 1) < attempts,
    ...(signal ? { signal } : {}),
  });
}

export function isBusy(error: unknown): boolean {
  return BUSY.has((error as { code?: string }).code ?? '');
}
