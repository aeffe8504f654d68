import { setTimeout as delay } from 'node:timers/promises';

/**
 * Starts `work` at a steady rate for a number of calls, whether or not earlier ones have ended (an open loop: a slow server does
 * not slow the load down and so hide itself). Resolves once all have ended; rejects with the first failure.
 */
export async function paced(ratePerSecond: number, calls: number, work: (call: number) => Promise<void>): Promise<void> {
  const start = performance.now();
  const running: Promise<void>[] = [];
  for (let call = 0; call < calls; call += 1) {
    const due = start + (call * 1000) / ratePerSecond;
    const wait = due - performance.now();
    if (wait > 0.5) await delay(wait);
    running.push(work(call));
  }
  await Promise.all(running);
}
