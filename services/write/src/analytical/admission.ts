import { ApiError } from '../rows/api-error.ts';

export interface AdmissionOptions {
  /** Queries at once. */
  concurrency: number;
  /** Queries that may wait; one more is sent away. */
  queue: number;
  /** Longest wait, ms. */
  waitMs: number;
}

/**
 * How many analytical queries run at once, apart from everything transactional. DuckDB runs on threads of its own, but each running statement also keeps
 * one of Node's four worker threads, which signatures and files need too: so there is a bound, and those beyond it wait in line for a while.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with what gives the place back (idempotent). 429 when the line is full, 503 after too long a wait; rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#running >= this.#options.concurrency) await this.#wait(signal);
    else this.#running += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave();
    };
  }

  /** The place passes on to the one who waits longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next) next();
    else this.#running -= 1;
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { queue, waitMs } = this.#options;
    if (this.#waiting.size >= queue)
      throw busy(429, 'Too many analytical queries', `${this.#running} run and ${this.#waiting.size} wait; no more are taken now.`);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#waiting.delete(enter);
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        settle();
      };
      const enter = (): void => end(resolve);
      const abort = (): void => end(() => reject(signal.reason as Error));
      const late = busy(503, 'Timed out waiting for a place among the analytical queries', `None was free within ${waitMs} ms.`);
      const timer = setTimeout(() => end(() => reject(late)), waitMs);
      this.#waiting.add(enter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

function busy(status: 429 | 503, message: string, details: string): ApiError {
  return new ApiError(status, 'PGRST003', message, { details, hint: 'Try again later, or ask for less.', headers: { 'retry-after': '1' } });
}
