import type pg from 'pg';
import type { EditProgress } from '#contracts/http/tables';
import { quoteTable } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../../asking.ts';
import type { Targets } from '../column-parts.ts';
import { announceSchema, patiently, runAs } from '../ddl.ts';
import { type EditRecord, nextEdit } from '../edit-record.ts';
import type { Loss, TableEdit } from '../table-edit.ts';
import type { TableShape } from '../table-shape.ts';
import { placed, standIn } from './place.ts';
import { planSteps } from './plan-steps.ts';
import type { StepPlan } from './step-plan.ts';
import { addConstraint, runSteps } from './step-runner.ts';
import { endAs, keepEdit, progressOf } from './step-store.ts';
import { surroundings } from './surroundings.ts';

/** An edit that is to be done in steps. */
export interface PlannedSteps {
  id: string;
  steps: StepPlan;
  /** Rows of the table, an estimate. */
  total: number;
}

export interface BeginSteps extends Omit<EditRecord, 'id'>, PlannedSteps {
  owner: string;
  shape: TableShape;
  losses: readonly Loss[];
}

export interface StepEditorOptions {
  /** Of the login for DDL. */
  admin: pg.Pool;
  /** Largest table, in bytes with its indexes, that is edited in one statement. */
  atOnceBytes: number;
  /** Told of a new edit. */
  begun: () => void;
}

/** Plans, begins, shows and cancels edits in steps; stepwise-edits.ts does them. */
export class StepEditor {
  readonly #options: StepEditorOptions;

  constructor(options: StepEditorOptions) {
    this.#options = options;
  }

  /** How an edit is done in steps. Null: one statement holds nobody up. A text: it does, and why there is no other way. */
  async plan(edit: TableEdit, shape: TableShape, targets: Targets): Promise<PlannedSteps | string | null> {
    const { admin, atOnceBytes } = this.#options;
    if (edit.op !== 'change-column' && edit.op !== 'add-column' && edit.op !== 'drop-column') return null;
    const attnum = edit.op === 'change-column' ? (shape.columns.find(({ spec }) => spec.name === edit.column)?.attnum ?? 0) : 0;
    const around = await surroundings(admin, shape.oid, attnum);
    if (around.bytes <= atOnceBytes) return null;
    if (edit.op === 'drop-column') return shape.key.length === 0 ? null : 'the values of a dropped column are kept, and writers wait until they are copied';
    const [id, table] = [await nextEdit(admin), standIn()];
    const steps = planSteps(edit, { id, shape: { ...shape, ...table, sql: quoteTable(table) }, targets, around });
    return steps === null || typeof steps === 'string' ? steps : { id, steps: { ...steps, standIn: table }, total: around.rows };
  }

  /** Returns its id. */
  async begin({ id, steps, total, owner, shape, losses, table, edit, inverse, reverts }: BeginSteps, { principal, context }: Asking): Promise<string> {
    const { admin, begun } = this.#options;
    await patiently(admin, async (client) => {
      const plan = placed(steps, shape);
      await runSteps(client, owner, plan.prepare);
      await tryConstraints(client, { owner, table: shape.sql, plan });
      await requireNext(client, shape, id);
      const kept = { id, root: shape.oid, role: principal.role, context, table, owner, edit, inverse, reverts, plan: steps, losses, total };
      await keepEdit(client, kept).catch((error: unknown) => {
        throw (error as { code?: string }).code === '23505' ? changedMeanwhile(shape) : error;
      });
      await announceSchema(client, shape.oid);
    });
    await hit('tables.steps.after-begin');
    begun();
    return id;
  }

  async progress({ oid, schema, name }: TableShape, id: string): Promise<EditProgress> {
    const found = await progressOf(this.#options.admin, oid, id);
    if (found) return found;
    throw new ProblemException(404, 'unknown-edit', `${schema}.${name} has no edit ${id}`);
  }

  async cancel(shape: TableShape, id: string): Promise<EditProgress> {
    const { admin, begun } = this.#options;
    const { state } = await this.progress(shape, id);
    if (state !== 'running') throw new ProblemException(409, 'conflict', `the edit ${id} is ${state}`);
    await endAs(admin, id, 'cancelled');
    // It may be in a statement that takes its time.
    await admin.query('select pg_cancel_backend(pid) from lakeloop.stepwise_edit where id = $1 and pid is not null', [id]);
    begun();
    return this.progress(shape, id);
  }
}

/** A rule that makes no sense is refused now, not once all rows are copied. */
async function tryConstraints(client: pg.ClientBase, { owner, table, plan }: { owner: string; table: string; plan: StepPlan }): Promise<void> {
  await client.query('savepoint tried');
  await runAs(
    client,
    owner,
    plan.constraints.map((each) => `${addConstraint(table, each)} not valid`),
  );
  await client.query('rollback to savepoint tried');
}

/** The plan names the new column's number: nobody else may have made one since. */
async function requireNext(client: pg.ClientBase, shape: TableShape, id: string): Promise<void> {
  const { rows } = await client.query<{ attnum: number }>('select attnum from pg_attribute where attrelid = $1 and attname = $2', [
    shape.oid,
    `lakeloop:new:${id}`,
  ]);
  if (rows[0] && rows[0].attnum !== shape.nextAttnum) throw changedMeanwhile(shape);
}

function changedMeanwhile({ schema, name }: TableShape): ProblemException {
  return new ProblemException(409, 'edit-in-progress', `${schema}.${name} was edited meanwhile`);
}
