import { backoffMs } from '#libs/runtime/backoff';
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemException } from '#libs/runtime/http/problem';
import { sqlStateOf } from './sql-error.ts';

const ATTEMPTS = 4;
/** serialization_failure, deadlock_detected. */
const UNDONE = new Set(['40001', '40P01']);

/** Repeats a statement that PostgreSQL undid because of concurrent work (40001, 40P01): nothing of it has happened. Four attempts in all. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      // A batch says it as a problem, with the request that met it.
      const code = error instanceof ProblemException ? error.problem['code'] : sqlStateOf(error);
      if (typeof code !== 'string' || !UNDONE.has(code) || attempt + 1 >= ATTEMPTS) throw error;
      await delay(backoffMs(attempt, { initialMs: 5, maxMs: 100 }));
    }
  }
}
