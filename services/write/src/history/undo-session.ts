import type pg from 'pg';
import type { UndoRun } from './undo-run.ts';

/**
 * An undo's transaction, in which two take turns: the service's login, which reads the audit and keeps the plan in temporary tables, and the caller, under whose role
 * images are judged and rows are written. The login's statements may take long, and somebody can stop them; the caller's have the timeout of any other.
 */
export class UndoSession {
  readonly client: pg.ClientBase;
  readonly role: string;
  readonly run: UndoRun;
  /** Most bytes of rows that go to or from PostgreSQL at once. */
  readonly pageBytes: number;
  #timeout = '0';

  constructor(client: pg.ClientBase, options: { role: string; run: UndoRun; pageBytes: number }) {
    this.client = client;
    this.role = options.role;
    this.run = options.run;
    this.pageBytes = options.pageBytes;
  }

  /** Takes the lock that says that the undo is under way. Compiling these statements takes longer than running them. */
  async open(): Promise<void> {
    const { rows } = await this.client.query<{ timeout: string }>(
      `select current_setting('statement_timeout') as timeout, set_config('statement_timeout', '0', true), set_config('role', 'none', true),
         set_config('jit', 'off', true), set_config('work_mem', '64MB', true), pg_advisory_xact_lock(hashtextextended($1, 0))`,
      [this.run.id],
    );
    this.#timeout = rows[0]?.timeout ?? '0';
  }

  async asLogin(): Promise<void> {
    await this.client.query(`select pg_catalog.set_config('role', 'none', true), pg_catalog.set_config('statement_timeout', '0', true)`);
  }

  async asCaller(): Promise<void> {
    await this.client.query(`select pg_catalog.set_config('statement_timeout', $2, true), pg_catalog.set_config('role', $1, true)`, [this.role, this.#timeout]);
  }
}
