import type pg from 'pg';
import type { EditProgress } from '#contracts/http/tables';
import type { WriteContext } from '#libs/governance/write-context';
import type { TableName } from '#libs/postgres/identifiers';
import { utcText } from '#libs/postgres/utc-text';
import type { Loss, TableEdit } from '../table-edit.ts';
import { secondsLeft } from './pace.ts';
import { placed } from './place.ts';
import type { StepPlan } from './step-plan.ts';

export type Phase = EditProgress['phase'];

/** An edit in steps, as it is kept. */
export interface StepwiseEdit {
  id: string;
  root: string;
  role: string;
  context: WriteContext;
  schema: string;
  name: string;
  /** Where the table is now, and whose. */
  place: TableName;
  owner: string;
  edit: TableEdit;
  inverse: TableEdit | null;
  reverts: string | null;
  plan: StepPlan;
  ending: 'failed' | 'cancelled' | null;
  phase: Phase;
  cursor: string[] | null;
  rows: string;
}

export interface NewStepwiseEdit {
  id: string;
  root: string;
  role: string;
  context: WriteContext;
  table: { schema: string; name: string };
  owner: string;
  edit: TableEdit;
  inverse: TableEdit | null;
  reverts: string | null;
  plan: StepPlan;
  /** Conditions that rows may break, to say which do when it fails. */
  losses: readonly Loss[];
  total: number;
}

type Client = Pick<pg.ClientBase, 'query'>;

/** Throws unique_violation where another one runs on the table. */
export async function keepEdit(client: Client, edit: NewStepwiseEdit): Promise<void> {
  const { id, root, role, context, table, owner, reverts, total } = edit;
  await client.query(
    `insert into lakeloop.stepwise_edit (id, root, role, actor, context, table_schema, table_name, owner, edit, inverse, reverts, plan, losses, total, phase)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      id,
      root,
      role,
      context.actor,
      JSON.stringify(context),
      table.schema,
      table.name,
      owner,
      JSON.stringify(edit.edit),
      edit.inverse === null ? null : JSON.stringify(edit.inverse),
      reverts,
      JSON.stringify(edit.plan),
      JSON.stringify(edit.losses),
      Math.round(total),
      edit.plan.copy ? 'copy' : 'index',
    ],
  );
}

const OPEN = `select e.id::text, e.root::text, e.role, e.context, e.table_schema as schema, e.table_name as name, e.edit, e.inverse, e.reverts::text, e.plan, e.ending, e.phase, e.cursor, e.rows::text,
    coalesce(c.relowner::regrole::text, e.owner) as owner, json_build_object('schema', coalesce(n.nspname, e.table_schema), 'name', coalesce(c.relname, e.table_name)) as place
  from lakeloop.stepwise_edit e left join pg_class c on c.oid = e.root left join pg_namespace n on n.oid = c.relnamespace
  where e.state = 'running' and e.id = coalesce($1, e.id) order by e.id`;

/** Edits that are under way, oldest first; or one of them. */
export async function openEdits(client: Client, id: string | null = null): Promise<StepwiseEdit[]> {
  return (await client.query<StepwiseEdit>(OPEN, [id])).rows.map((edit) => ({ ...edit, plan: placed(edit.plan, edit.place) }));
}

export async function runningOn(client: Client, root: string): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(`select id::text from lakeloop.stepwise_edit where root = $1 and state = 'running'`, [root]);
  return rows[0]?.id;
}

/** What it shall end as; null while it shall go through. */
export async function endingOf(client: Client, id: string): Promise<StepwiseEdit['ending']> {
  return (await client.query<Pick<StepwiseEdit, 'ending'>>('select ending from lakeloop.stepwise_edit where id = $1', [id])).rows[0]?.ending ?? null;
}

/** The first to say so decides. */
export async function endAs(client: Client, id: string, ending: 'failed' | 'cancelled', failure: EditProgress['failure'] = null): Promise<void> {
  await client.query(`update lakeloop.stepwise_edit set ending = $2, failure = $3 where id = $1 and state = 'running' and ending is null`, [
    id,
    ending,
    failure === null ? null : JSON.stringify(failure),
  ]);
}

interface ProgressRow extends Omit<EditProgress, 'percent' | 'secondsLeft' | 'rows' | 'total'> {
  rows: string;
  total: string;
  elapsedMs: number;
}

const PROGRESS = `select id::text, actor, edit, reverts::text, state, phase, rows::text, total::text, failure, ${utcText('started_at')} as "startedAt", ${utcText('ended_at')} as "endedAt",
  extract(epoch from clock_timestamp() - started_at)::float8 * 1000 as "elapsedMs" from lakeloop.stepwise_edit`;

/** The newest edit in steps of a table. */
export async function newestInSteps(client: Client, root: string): Promise<EditProgress | undefined> {
  const { rows } = await client.query<ProgressRow>(`${PROGRESS} where root = $1 order by stepwise_edit.id desc limit 1`, [root]);
  return rows[0] && progress(rows[0]);
}

/** How far an edit is, or how it ended: one that was done at once too. */
export async function progressOf(client: Client, root: string, id: string): Promise<EditProgress | undefined> {
  const { rows } = await client.query<ProgressRow>(
    `${PROGRESS} where root = $1 and id = $2
     union all
     select id::text, actor, edit, reverts::text, 'applied', 'swap', '0', '0', null, ${utcText('at')}, ${utcText('at')}, 0 from lakeloop.schema_edit where root = $1 and id = $2
     limit 1`,
    [root, id],
  );
  return rows[0] && progress(rows[0]);
}

function progress({ rows, total, elapsedMs, ...row }: ProgressRow): EditProgress {
  const [done, all] = [Number(rows), Math.max(Number(rows), Number(total))];
  const copying = row.state === 'running' && row.phase === 'copy';
  const percent = row.state === 'applied' ? 100 : all === 0 ? 0 : Math.min(99, Math.floor((100 * done) / all));
  return { ...row, rows: done, total: all, percent, secondsLeft: copying ? secondsLeft(done, all, elapsedMs) : null };
}

/** What its rows may break, and its table's key as it is now. */
export async function lossesOf(client: Client, id: string, root: string): Promise<{ losses: Loss[]; key: string[] }> {
  const { rows } = await client.query<{ losses: Loss[]; key: string[] }>(
    `select e.losses, array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey::int2[])
       where i.indrelid = $2 and i.indisprimary) as key from lakeloop.stepwise_edit e where e.id = $1`,
    [id, root],
  );
  return rows[0] ?? { losses: [], key: [] };
}
