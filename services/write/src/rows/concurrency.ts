import { backoffMs } from '#libs/runtime/backoff';
import { setTimeout as delay } from 'node:timers/promises';
import { sqlStateOf } from './sql-error.ts';

const ATTEMPTS = 4;

/** Repeats a statement that PostgreSQL undid because of concurrent work (40001, 40P01): nothing of it has happened. Four attempts in all. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const code = sqlStateOf(error);
      if ((code !== '40001' && code !== '40P01') || attempt + 1 >= ATTEMPTS) throw error;
      await delay(backoffMs(attempt, { initialMs: 5, maxMs: 100 }));
    }
  }
}
