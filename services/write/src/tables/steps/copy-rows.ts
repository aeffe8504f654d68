import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { hit } from '#libs/runtime/failpoints';
import { patiently, runAs } from '../ddl.ts';
import { copySql, leftSql, pageSql } from './copy-sql.ts';
import { FIRST_ROWS, nextRows, restMs } from './pace.ts';
import type { CopyPlan } from './step-plan.ts';
import { endingOf, type StepwiseEdit } from './step-store.ts';

/** Passes that leave rows alone which others hold; later ones wait for them. */
const PASSES_ASIDE = 2;

export interface Copying {
  pool: pg.Pool;
  edit: StepwiseEdit;
  plan: CopyPlan;
  signal: AbortSignal;
  /** Told after each transaction, with the rows gone through. */
  onProgress: (rows: number) => void;
}

/**
 * Fills the new column, a page of rows in key order at a time, each in a transaction of its own that keeps its place. Rows that others hold are left for another pass, so
 * that nobody waits for them here, and no deadlock comes of it. Returns early where the edit shall end.
 */
export async function copyRows(copying: Copying): Promise<void> {
  const { pool, edit, plan, signal } = copying;
  for (let pass = 0; ; pass += 1) {
    if (!(await onePass(copying, pass))) return;
    await pool.query('update lakeloop.stepwise_edit set cursor = null where id = $1', [edit.id]);
    edit.cursor = null;
    const { rows } = await pool.query<{ left: boolean }>(leftSql(plan));
    if (!rows[0]?.left) return;
    signal.throwIfAborted();
  }
}

/** False where the edit shall end. */
async function onePass({ pool, edit, plan, signal, onProgress }: Copying, pass: number): Promise<boolean> {
  for (let size = FIRST_ROWS; ;) {
    const began = performance.now();
    const done = await patiently(pool, (client) => onePage(client, { edit, plan, size, pass }), { attempts: Infinity, signal });
    const took = performance.now() - began;
    await hit('tables.steps.after-page');
    if (done === 0) return true;
    onProgress(Number(edit.rows));
    if ((await endingOf(pool, edit.id)) !== null) return false;
    await delay(restMs(took), undefined, { signal });
    size = nextRows(size, took);
  }
}

interface Page {
  edit: StepwiseEdit;
  plan: CopyPlan;
  size: number;
  pass: number;
}

/** Each page is found by the primary key: statistics of a table that is being rewritten would make another plan look cheaper, and read all of it for every page. */
const BY_KEY = 'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off';

/** Returns the rows gone through; 0 behind the last one. */
async function onePage(client: pg.PoolClient, { edit, plan, size, pass }: Page): Promise<number> {
  const { cursor } = edit;
  await client.query(BY_KEY);
  const { rows } = await client.query<{ last: string[]; rows: number }>(pageSql(plan, cursor === null), [size, ...(cursor ?? [])]);
  const [page] = rows;
  if (!page || page.rows === 0) return 0;
  await client.query(
    `with rewrite as (insert into lakeloop.rewrite_xid (root, version) values ($1, pg_current_xact_id()::xid::text)) select set_config('lakeloop.rewrite', 'on', true)`,
    [edit.root],
  );
  await runAs(client, edit.owner, [{ text: copySql(plan, cursor === null, pass >= PASSES_ASIDE), values: [...page.last, ...(cursor ?? [])] }]);
  await hit('tables.steps.in-page');
  const counted = pass === 0 ? page.rows : 0;
  const { rows: kept } = await client.query<{ rows: string }>(
    'update lakeloop.stepwise_edit set cursor = $2, rows = rows + $3 where id = $1 returning rows::text',
    [edit.id, page.last, counted],
  );
  edit.cursor = page.last;
  edit.rows = kept[0]?.rows ?? edit.rows;
  return page.rows;
}
