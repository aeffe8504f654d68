import type pg from 'pg';
import { OneProcess, type OneProcessStand } from '../one-process.ts';

/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6370;

/** Takes a checkpoint about once a second while there is anything new to be seen (docs/history.md). */
export class Checkpoints extends OneProcess {
  constructor(stand: OneProcessStand) {
    super({ ...stand, name: 'checkpoints', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: ASIDE_MS, failing: 'no checkpoint could be taken' });
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    await client.query('select lakeloop.take_checkpoint()');
  }
}
