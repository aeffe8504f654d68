import { describe, expect, it } from '@jest/globals';
import { backoffMs, retrying } from './backoff.ts';

describe('backoff', () => {
  it('doubles up to its ceiling, with at least half of it waited', () => {
    const waits = [0, 1, 2, 10, 1_000].map((attempt) => backoffMs(attempt, { initialMs: 100, maxMs: 1_000, random: () => 0 }));
    expect(waits).toEqual([50, 100, 200, 500, 500]);
    expect(backoffMs(0, { initialMs: 100, random: () => 1 })).toBe(100);
  });

  it('retries what is retryable and gives up at once on the rest', async () => {
    let calls = 0;
    const work = (attempt: number): Promise<number> => (calls++, attempt < 2 ? Promise.reject(new Error('again')) : Promise.resolve(attempt));
    expect(await retrying(work, { initialMs: 1, retryable: () => true })).toBe(2);
    await expect(retrying(() => Promise.reject(new Error('no')), { retryable: () => false })).rejects.toThrow('no');
    expect(calls).toBe(3);
  });

  it('ends at once when its signal aborts', async () => {
    const abort = new AbortController();
    const work = retrying(() => Promise.reject(new Error('again')), {
      initialMs: 60_000,
      retryable: () => true,
      signal: abort.signal,
      onRetry: () => abort.abort(),
    });
    await expect(work).rejects.toThrow(/abort/i);
  });
});
