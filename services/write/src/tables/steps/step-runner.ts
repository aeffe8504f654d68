import type pg from 'pg';
import type { EditProgress } from '#contracts/http/tables';
import { isBusy } from '#libs/postgres/giving-way';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import type { Logger } from '#libs/runtime/logger';
import { countLosses } from '../count-losses.ts';
import { announceSchema, patiently, roleSql, runAs } from '../ddl.ts';
import { recordEdit } from '../edit-record.ts';
import { copyRows } from './copy-rows.ts';
import type { Step, StepPlan } from './step-plan.ts';
import { endAs, endingOf, lossesOf, openEdits, type Phase, type StepwiseEdit } from './step-store.ts';

export interface StepRunnerOptions {
  pool: pg.Pool;
  logger: Logger;
  signal: AbortSignal;
}

/** How often progress is logged, ms. */
const LOG_EVERY_MS = 5_000;

/**
 * Does an edit in steps, from where it stands: each step is kept in the transaction that does it, or can be told to be done. What PostgreSQL refuses ends the edit, and the
 * table is as it was; what fails otherwise (a connection, the process) is thrown, and the edit is gone on with later.
 */
export class StepRunner {
  readonly #options: StepRunnerOptions;

  constructor(options: StepRunnerOptions) {
    this.#options = options;
  }

  async run(edit: StepwiseEdit): Promise<void> {
    const { pool, logger } = this.#options;
    const about = { edit: edit.id, table: `${edit.schema}.${edit.name}` };
    try {
      if (edit.ending === null) await this.#forward(edit);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      logger.warn({ err: error, ...about }, 'a schema edit failed: the table stays as it was');
      await endAs(pool, edit.id, 'failed', await this.#failure(edit, error));
    }
    const ending = await endingOf(pool, edit.id);
    if (ending === null) return logger.info(about, 'a schema edit went through');
    const [now = edit] = await openEdits(pool, edit.id);
    await this.#abandon(now, ending);
    logger.info({ ...about, ending }, 'a schema edit was taken away again');
  }

  async #forward(edit: StepwiseEdit): Promise<void> {
    const steps: [Phase, () => Promise<void>][] = [
      ['copy', () => this.#copy(edit)],
      ['index', () => this.#index(edit)],
      ['validate', () => this.#validate(edit)],
      ['swap', () => this.#swap(edit)],
    ];
    const start = steps.findIndex(([phase]) => phase === edit.phase);
    for (const [phase, step] of steps.slice(start)) {
      const { rowCount } = await this.#options.pool.query('update lakeloop.stepwise_edit set phase = $2 where id = $1 and ending is null', [edit.id, phase]);
      if (rowCount === 0) return;
      await hit(`tables.steps.before-${phase}`);
      await step();
    }
    await hit('tables.steps.after-swap');
  }

  async #copy(edit: StepwiseEdit): Promise<void> {
    const { pool, logger, signal } = this.#options;
    if (edit.plan.copy === null) return;
    let told = performance.now();
    const onProgress = (rows: number): void => {
      if (performance.now() - told < LOG_EVERY_MS) return;
      told = performance.now();
      logger.info({ edit: edit.id, table: `${edit.schema}.${edit.name}`, rows }, 'a schema edit copies rows');
    };
    await copyRows({ pool, edit, plan: edit.plan.copy, signal, onProgress });
  }

  /** An index whose building broke off is there and counts for nothing. */
  async #index(edit: StepwiseEdit): Promise<void> {
    for (const { name, sql } of edit.plan.indexes) {
      const { rows } = await this.#options.pool.query<{ valid: boolean }>('select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', [
        name,
      ]);
      if (rows[0]?.valid) continue;
      if (rows[0]) await this.#alone(edit, `drop index concurrently ${name}`);
      await this.#alone(edit, sql);
      await hit('tables.steps.after-index');
    }
  }

  async #validate(edit: StepwiseEdit): Promise<void> {
    const { pool, signal } = this.#options;
    const table = quoteTable(edit.place);
    for (const { name, sql } of edit.plan.constraints) {
      const { rows } = await pool.query<{ valid: boolean }>('select convalidated as valid from pg_constraint where conrelid = $1 and conname = $2', [
        edit.root,
        name,
      ]);
      if (rows[0]?.valid) continue;
      const added = addConstraint(table, { name, sql });
      if (!rows[0]) await patiently(pool, (client) => runAs(client, edit.owner, [`${added} not valid`]), { attempts: Infinity, signal });
      await hit('tables.steps.before-validation');
      await this.#alone(edit, `alter table ${table} validate constraint ${quoteIdentifier(name)}`);
    }
  }

  async #swap(edit: StepwiseEdit): Promise<void> {
    const { pool, signal } = this.#options;
    const { id, root: oid, schema, name, plan, inverse, reverts, context } = edit;
    await patiently(
      pool,
      async (client) => {
        // A cancellation that comes now waits, and finds nothing to cancel.
        const { rowCount } = await client.query(
          `update lakeloop.stepwise_edit set state = 'applied', ended_at = clock_timestamp() where id = $1 and ending is null and state = 'running'`,
          [id],
        );
        if (rowCount === 0) return;
        await runSteps(client, edit.owner, plan.swap);
        await recordEdit(client, { id, oid, table: { schema, name }, edit: edit.edit, inverse, sql: sqlOf(edit), reverts }, context);
        await announceSchema(client, oid);
        await hit('tables.steps.in-swap');
      },
      { attempts: Infinity, signal },
    );
  }

  async #abandon(edit: StepwiseEdit, ending: 'failed' | 'cancelled'): Promise<void> {
    const { pool, signal } = this.#options;
    await hit('tables.steps.before-abandon');
    await patiently(
      pool,
      async (client) => {
        const there = await client.query('select from pg_class where oid = $1', [edit.root]);
        if (there.rowCount) await runSteps(client, edit.owner, edit.plan.abandon);
        await client.query('update lakeloop.stepwise_edit set state = $2, ended_at = clock_timestamp() where id = $1', [edit.id, ending]);
        await announceSchema(client, edit.root);
      },
      { attempts: Infinity, signal },
    );
  }

  /** A statement that takes its time, outside a transaction, by a session that a cancellation finds. */
  async #alone({ id, owner }: StepwiseEdit, sql: string): Promise<void> {
    const client = await this.#options.pool.connect();
    try {
      const { rowCount } = await client.query('update lakeloop.stepwise_edit set pid = pg_backend_pid() where id = $1 and ending is null', [id]);
      if (rowCount !== 0) {
        await client.query(`set role ${roleSql(owner)}`);
        await client.query(sql);
        await client.query(`reset role; update lakeloop.stepwise_edit set pid = null where id = ${id}`);
      }
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #failure(edit: StepwiseEdit, error: unknown): Promise<EditProgress['failure']> {
    const { pool } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    const { losses, key } = await lossesOf(pool, edit.id, edit.root);
    // A table that was dropped or changed under it may not have what is looked for.
    const found = await countLosses(pool, { sql: quoteTable(edit.place), key }, losses).catch(() => []);
    return { message, losses: found };
  }
}

export async function runSteps(client: pg.ClientBase, owner: string, steps: readonly Step[]): Promise<void> {
  for (const { sql, as } of steps) await (as === 'owner' ? runAs(client, owner, [sql]) : client.query(sql));
}

export function addConstraint(table: string, { name, sql }: StepPlan['constraints'][number]): string {
  return `alter table ${table} add constraint ${quoteIdentifier(name)} ${sql}`;
}

function sqlOf({ plan, place }: StepwiseEdit): string[] {
  const added = plan.constraints.map((each) => addConstraint(quoteTable(place), each));
  return [...plan.prepare, ...plan.indexes, ...added, ...plan.swap].map((each) => (typeof each === 'string' ? each : each.sql));
}

/** PostgreSQL said no to what was asked, and would again: SQLSTATEs of connections, of the server's state and of locks are no such word. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !isBusy(error) && !/^(08|40|53|55P03|57P|58)/.test(code);
}
