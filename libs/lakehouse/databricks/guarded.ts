import { Failure } from '#libs/failure/failure';

export interface Limits {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** Waits for `work` until it is aborted or takes too long; then `stop` is called and the wait is over at once, whatever `work` does. */
export function guarded<T>(work: Promise<T>, { signal, timeoutMs }: Limits, stop: () => void): Promise<T> {
  if (!signal && timeoutMs === undefined) return work;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const give = (reason: unknown): void => {
    stop();
    reject(reason);
  };
  const onAbort = (): void => give(signal?.reason);
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => give(new Failure('timeout', `the statement took longer than ${timeoutMs} ms`)), timeoutMs);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  work.then(resolve, reject);
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  });
}
