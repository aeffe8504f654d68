import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';
import { openEdits } from './step-store.ts';
import { StepRunner } from './step-runner.ts';

export interface StepwiseEditsOptions {
  /** Of the login for DDL; of two connections: one holds the lock while this process does the edits. */
  pool: pg.Pool;
  /** Whether the database has our schema. */
  governed: () => boolean;
  logger: Logger;
}

/** How often edits are looked for that another process took in; and after an error. */
const EVERY_MS = 1_000;
/** While another process does them. */
const ASIDE_MS = 2_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6564;

/** Does edits in steps, one after the other. One process of all does them; another goes on where it stood when it ends, however it ends. */
export class StepwiseEdits implements Lifecycle {
  readonly name = 'stepwise edits';
  readonly #options: StepwiseEditsOptions;
  readonly #stopping = new AbortController();
  readonly #runner: StepRunner;
  #running: Promise<void> = Promise.resolve();
  #called = new AbortController();

  constructor(options: StepwiseEditsOptions) {
    this.#options = options;
    this.#runner = new StepRunner({ pool: options.pool, logger: options.logger, signal: this.#stopping.signal });
  }

  run(): Promise<void> {
    this.#running = this.#loop();
    return Promise.resolve();
  }

  /** There is a new one: it need not wait. */
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
    const { governed, logger } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const leads = governed() ? this.#lead().then(() => ASIDE_MS) : Promise.resolve(EVERY_MS);
      const wait = await leads.catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) logger.warn({ err: error }, 'a schema edit is interrupted, and gone on with');
        return EVERY_MS;
      });
      await this.#wait(wait);
    }
  }

  async #lead(): Promise<void> {
    const client = await this.#options.pool.connect();
    // The connection may end while nothing is asked of it.
    client.on('error', () => undefined);
    try {
      const { rows } = await client.query<{ leads: boolean }>('select pg_try_advisory_lock($1) as leads', [LOCK]);
      if (!rows[0]?.leads) return;
      while (!this.#stopping.signal.aborted) {
        for (const edit of await openEdits(client)) await this.#runner.run(edit);
        await this.#wait(EVERY_MS);
      }
    } finally {
      // The lock is the session's.
      client.release(true);
    }
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: AbortSignal.any([this.#stopping.signal, this.#called.signal]), ref: false }).catch(() => undefined);
    this.#called = new AbortController();
  }
}
