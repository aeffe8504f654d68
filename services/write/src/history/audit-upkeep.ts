import type pg from 'pg';
import type { Logger } from '#libs/runtime/logger';
import { OneProcess } from '../one-process.ts';

export interface AuditUpkeepOptions {
  /** Of one connection, which holds the lock while this process does the work. */
  pool: pg.Pool;
  /** Whether the database has our schema. */
  governed: () => boolean;
  logger: Logger;
}

/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6175;

/**
 * What the audit needs done behind the writers' backs (docs/history.md): notes where each table's entries are, and deletes those whose time is over, and answers kept under idempotency keys with them. In short steps,
 * each a transaction: one that is cut off leaves the audit as another step finds it.
 */
export class AuditUpkeep extends OneProcess {
  constructor(options: AuditUpkeepOptions) {
    super({ ...options, name: 'audit upkeep', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: ASIDE_MS, failing: 'the audit could not be kept up' });
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    await this.#whileAny(client, 'select lakeloop.note_blocks() as done');
    await client.query('select lakeloop.advance_retention()');
    await this.#whileAny(client, 'select lakeloop.delete_history() as done');
    await this.#whileAny(client, 'select lakeloop.forget_answers() as done');
  }

  /** Repeats a step until it finds nothing to do. */
  async #whileAny(client: pg.PoolClient, step: string): Promise<void> {
    for (let done = 1; done > 0 && !this.ending.aborted;) done = (await client.query<{ done: number }>(step)).rows[0]?.done ?? 0;
  }
}
