import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';

export interface CheckpointsOptions {
  /** Of one connection, which holds the lock while this process takes the checkpoints. */
  pool: pg.Pool;
  /** Whether the database has our schema. */
  governed: () => boolean;
  logger: Logger;
}

const EVERY_MS = 1_000;
/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6370;

/** Takes a checkpoint about once a second while there is anything new to be seen (docs/history.md). One process does it; another takes over when it ends. */
export class Checkpoints implements Lifecycle {
  readonly name = 'checkpoints';
  readonly #options: CheckpointsOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  run(): Promise<void> {
    this.#running = this.#loop();
    return Promise.resolve();
  }

  async drain(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  stop(): Promise<void> {
    return this.#options.pool.end();
  }

  async #loop(): Promise<void> {
    const { governed, logger } = this.#options;
    while (!this.#stopping.signal.aborted) {
      if (governed()) await this.#lead().catch((error: unknown) => logger.warn({ err: error }, 'no checkpoint could be taken'));
      await this.#wait(governed() ? ASIDE_MS : EVERY_MS);
    }
  }

  /** Returns where another process leads; until then, or an error, takes checkpoints. */
  async #lead(): Promise<void> {
    const client = await this.#options.pool.connect();
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [LOCK]);
      if (!rows[0]?.leads) return;
      while (!this.#stopping.signal.aborted) {
        await client.query('select lakeloop.take_checkpoint()');
        await this.#wait(EVERY_MS);
      }
    } finally {
      // The lock is the session's.
      client.release(true);
    }
  }

  #wait(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined);
  }
}
