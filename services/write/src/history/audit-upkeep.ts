import type pg from 'pg';
import { OneProcess, type OneProcessStand } from '../one-process.ts';

/** While another process does it, and after an error. */
const ASIDE_MS = 5_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6175;
/** Rows of the log in a segment: some two gigabytes. */
const SEGMENT_ROWS = 4_000_000;
/** Entries that are deleted in one turn, about a second and a half of work: others have their turn between. */
const DELETED_AT_ONCE = 20_000;
/** How many turns a step rests for whom it would have had to wait too long: about a minute. */
const REST_TURNS = 60;

/**
 * What the audit needs done behind the writers' backs (docs/history.md): notes where each table's entries are, deletes those whose time is over, and answers kept under idempotency keys
 * with them, closes the segment that is full and drops those that are empty. In short steps, each a transaction: one that is cut off leaves the audit as another step finds it.
 */
export class AuditUpkeep extends OneProcess {
  #rest = 0;

  constructor(stand: OneProcessStand) {
    super({ ...stand, name: 'audit upkeep', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: ASIDE_MS, failing: 'the audit could not be kept up' });
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    await this.#whileAny(client, 'select lakeloop.note_blocks() as done');
    await client.query('select lakeloop.advance_retention()');
    await this.#whileAny(client, 'select lakeloop.delete_history() as done', DELETED_AT_ONCE);
    await this.#whileAny(client, 'select lakeloop.forget_answers() as done');
    if ((this.#rest -= 1) < 0) await this.#segments(client);
  }

  /** Repeats a step until it finds nothing to do, or has done so much. */
  async #whileAny(client: pg.PoolClient, step: string, most = Infinity): Promise<void> {
    for (let [done, total] = [1, 0]; done > 0 && total < most && !this.ending.aborted; total += done)
      done = (await client.query<{ done: number }>(step)).rows[0]?.done ?? 0;
  }

  /** These need a lock that nobody else may hold: whoever reads the log in a long transaction puts them off. */
  async #segments(client: pg.PoolClient): Promise<void> {
    try {
      await client.query('select lakeloop.close_segment($1)', [SEGMENT_ROWS]);
      await client.query('select lakeloop.drop_segments()');
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      this.#rest = REST_TURNS;
    }
  }
}
