import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';

export interface OneProcessStand {
  /** One connection of it holds the lock while this process does the work. */
  pool: pg.Pool;
  /** Whether the database has our schema. */
  governed: () => boolean;
  logger: Logger;
}

export interface OneProcessOptions extends OneProcessStand {
  name: string;
  /** Advisory lock that stands for the work. */
  lock: number;
  /** How long to wait while another process does the work, and after an error, ms. */
  asideMs: number;
  afterErrorMs: number;
  /** What is logged where the work fails. */
  failing: string;
}

/** How often there is something to do; and where our schema is not there yet. */
const EVERY_MS = 1_000;

/** Work about once a second, by one process of all that serve a database. Another one goes on when it ends, however it ends: the lock is the session's. */
export abstract class OneProcess implements Lifecycle {
  readonly name: string;
  readonly #options: OneProcessOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #called = new AbortController();

  constructor(options: OneProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Aborted when the process ends. */
  protected get ending(): AbortSignal {
    return this.#stopping.signal;
  }

  /** On the session that holds the lock. What fails is logged, and done again. */
  protected abstract work(client: pg.PoolClient): Promise<void>;

  run(): Promise<void> {
    this.#running = this.#loop();
    return Promise.resolve();
  }

  /** There is something to do: it need not wait. */
  call(): void {
    this.#called.abort();
  }

  async drain(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  stop(): Promise<void> {
    return this.#options.pool.end();
  }

  async #loop(): Promise<void> {
    const { governed, asideMs, afterErrorMs, failing, logger } = this.#options;
    while (!this.ending.aborted) {
      const lead = governed() ? this.#lead().then(() => asideMs) : Promise.resolve(EVERY_MS);
      const wait = await lead.catch((error: unknown) => {
        if (!this.ending.aborted) logger.warn({ err: error }, failing);
        return afterErrorMs;
      });
      await this.#wait(wait);
    }
  }

  /** Returns where another process does the work; until the end, or an error, does it. */
  async #lead(): Promise<void> {
    const { pool, lock } = this.#options;
    const client = await pool.connect();
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [lock]);
      if (!rows[0]?.leads) return;
      while (!this.ending.aborted) {
        await this.work(client);
        await this.#wait(EVERY_MS);
      }
    } finally {
      // The lock is the session's.
      client.release(true);
    }
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: AbortSignal.any([this.ending, this.#called.signal]), ref: false }).catch(() => undefined);
    this.#called = new AbortController();
  }
}
