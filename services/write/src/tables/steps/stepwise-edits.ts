import type pg from 'pg';
import { OneProcess, type OneProcessStand } from '../../one-process.ts';
import { openEdits } from './step-store.ts';
import { StepRunner } from './step-runner.ts';

/** While another process does them. */
const ASIDE_MS = 2_000;
const AFTER_ERROR_MS = 1_000;
/** Advisory lock: one process of all that serve a database. */
const LOCK = 0x6c6c6564;

/** Does edits in steps, one after the other, from where each stands. */
export class StepwiseEdits extends OneProcess {
  readonly #runner: StepRunner;

  /** `stand.pool`: of the login for DDL, and of two connections, one of which holds the lock while this process does the edits. */
  constructor(stand: OneProcessStand) {
    const failing = 'a schema edit is interrupted, and gone on with';
    super({ ...stand, name: 'stepwise edits', lock: LOCK, asideMs: ASIDE_MS, afterErrorMs: AFTER_ERROR_MS, failing });
    this.#runner = new StepRunner({ pool: stand.pool, logger: stand.logger, signal: this.ending });
  }

  protected async work(client: pg.PoolClient): Promise<void> {
    for (const edit of await openEdits(client)) await this.#runner.run(edit);
  }
}
