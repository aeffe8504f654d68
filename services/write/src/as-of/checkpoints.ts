import type pg from 'pg';
import type { Logger } from '#libs/runtime/logger';
import { OneProcess } from '../one-process.ts';

export interface CheckpointsOptions {
  /** Of one connection, which holds the lock while this process takes the checkpoints. */
  pool: pg.Pool;
  /** Whether the database has our schema. */
  governed: () => boolean;
  logger: Logger;
}

/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6370;

/** Takes a checkpoint about once a second while there is anything new to be seen (docs/history.md). */
export class Checkpoints extends OneProcess {
  constructor(options: CheckpointsOptions) {
    super({ ...options, name: 'checkpoints', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: ASIDE_MS, failing: 'no checkpoint could be taken' });
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    await client.query('select lakeloop.take_checkpoint()');
  }
}
