import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import { CONSOLIDATED_PLAN } from './flows/planning/run/consolidated-plan.ts';
import type { PlanningRunner } from './flows/planning/run/planning-runner.ts';
import type { PlanningRuns } from './flows/planning/run/planning-run.ts';
import type { FlowDatabase } from './install/flow-database.fixture.ts';
import { PlanningWorld, until } from './planning-world.fixture.ts';

let world: PlanningWorld;
let flows: FlowDatabase;
let lakehouse: Lakehouse;
let root: string;
const logger = createLogger({ service: 'test', level: 'fatal' });
const disarm: (() => void)[] = [];
const ALL = { all: true } as const;
const signal = new AbortController().signal;

beforeAll(async () => {
  world = await PlanningWorld.create();
  ({ flows, lakehouse, root } = world);
});
afterEach(() => disarm.splice(0).forEach((undo) => undo()));
afterAll(() => world.drop());

const runs = (): PlanningRuns => world.runs();
const runner = (): PlanningRunner => world.runner();
const idle = (): Promise<boolean> => world.idle();
const as = <T extends object>(role: string, text: string, values: unknown[] = []): Promise<T[]> => world.as<T>(role, text, values);
const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => world.sql<Row>(text, values);

async function lake<T>(sql: (relation: string) => string): Promise<T[]> {
  const relation = await lakehouse.relation(CONSOLIDATED_PLAN);
  try {
    const { chunks } = await lakehouse.query({ sql: sql(relation.sql) });
    const rows: T[] = [];
    for await (const chunk of chunks) rows.push(...(chunk as T[]));
    return rows;
  } finally {
    await relation.release();
  }
}

/** Every line of both stores, as text. */
async function bothPlans(): Promise<{ postgres: string[]; delta: string[] }> {
  const columns = 'product, region, period, measure, scope, amount, finance, sales, supply, version';
  const { rows } = await flows.database.client.query<{ line: string }>(
    `select concat_ws('|', ${columns}) as line from planning.plan_lines where product <> 'foreign'`,
  );
  const delta = await lake<[string]>((relation) => `select concat_ws('|', ${columns}) from ${relation} where product <> 'foreign'`);
  return { postgres: rows.map(({ line }) => line).sort(), delta: delta.map(([line]) => line).sort() };
}

async function edit(amount: number): Promise<void> {
  await as(
    'sales',
    "insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('Helmet', 'Brazil', '2027-04', 'volume', $1, 'piece')",
    [amount],
  );
}

const touched = { all: false, scopes: ['Accessories|AMER|2027-04'], periods: [] } as const;

async function lastRun(): Promise<LastRun | undefined> {
  return (await sql<LastRun>('select status, error, attempts, version, scopes from planning.plan_runs order by id desc limit 1'))[0];
}

type LastRun = { status: string; error: string | null; attempts: number; version: string | null; scopes: string[] | null };

describe('a planning run', () => {
  it('publishes one plan in both stores, which tie out, under the flow’s own name', async () => {
    const outcome = await runs().run({ cause: 'request', touched: ALL }, signal);
    expect(outcome).toMatchObject({ status: 'published', version: 1n });
    const { postgres, delta } = await bothPlans();
    expect(postgres.length).toBeGreaterThan(3_000);
    expect(delta).toEqual(postgres);
    const { rows } = await flows.database.client.query('select count(*)::int as n, bool_and(ok) as ok from planning.tie_outs');
    expect(rows).toEqual([{ n: 324, ok: true }]);
    const entries = await flows.database.client.query("select distinct actor from audit.entry where table_schema = 'planning' and table_name = 'plan_lines'");
    expect(entries.rows).toEqual([{ actor: 'flow:planning' }]);
    const conflicts = await as<{ n: number }>('supply', 'select count(*)::int as n from planning.plan_conflicts');
    expect(conflicts[0]?.n).toBeGreaterThan(10);
  });

  it('changes nothing when nothing changed', async () => {
    expect(await runs().run({ cause: 'request', touched: ALL }, signal)).toMatchObject({ status: 'unchanged', version: null });
  });

  it('of one scope gives the plan that a full run gives, and names who caused the change', async () => {
    await edit(77);
    expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'published' });
    const version = (await lastRun())?.version;
    const { rows } = await flows.database.client.query('select after - before as difference, causes from planning.plan_changes where version = $1', [version]);
    expect(rows).toEqual([{ difference: '77.000000', causes: [expect.objectContaining({ team: 'sales', author: 'sales', amount: '77.000000' })] }]);
    expect(await runs().run({ cause: 'request', touched: ALL }, signal)).toMatchObject({ status: 'unchanged' });
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
  });

  it('that can not reach the lakehouse is a failed row; the last plan stands and the next run goes on', async () => {
    const before = await bothPlans();
    await edit(5);
    disarm.push(arm('planning.before-lake', () => Promise.reject(new Failure('dependency-unavailable', 'the lakehouse is down'))));
    expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'failed' });
    expect(await lastRun()).toMatchObject({ status: 'failed', error: 'the lakehouse is down', attempts: 3 });
    expect(await bothPlans()).toEqual(before);
    disarm.splice(0).forEach((undo) => undo());
    expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'published' });
  });

  it('that ended between the two stores is taken back in the lakehouse: one plan, no half, no double', async () => {
    await edit(11);
    const before = await bothPlans();
    disarm.push(arm('planning.after-lake', () => Promise.reject(new Failure('bug', 'killed here'))));
    await runs().run({ cause: 'change', touched }, signal);
    disarm.splice(0).forEach((undo) => undo());
    expect((await bothPlans()).postgres).toEqual(before.postgres);
    await edit(-11);
    await edit(3);
    expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'published' });
    const after = await bothPlans();
    expect(after.delta).toEqual(after.postgres);
  });

  it('leaves alone what a foreign writer put into the same table, and tells of it', async () => {
    await edit(2);
    const foreign = await openDeltaLakehouse({ root, logger });
    try {
      await foreign.append(CONSOLIDATED_PLAN, { rows: [{ product: 'foreign', region: 'x', period: '2027-04', measure: 'volume', amount: '1.000000' }] });
      disarm.push(
        arm('planning.before-lake', async () => {
          disarm.splice(0).forEach((undo) => undo());
          await foreign.append(CONSOLIDATED_PLAN, { rows: [{ product: 'foreign', region: 'y', period: '2027-04', measure: 'volume', amount: '2.000000' }] });
        }),
      );
      expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'published' });
    } finally {
      await foreign.close();
    }
    expect(await lake((relation) => `select count(*)::int from ${relation} where product = 'foreign'`)).toEqual([[2]]);
    const { rows } = await flows.database.client.query("select inputs ->> 'foreign_lake_versions' as foreign from planning.plan_runs order by id desc limit 1");
    expect(rows).toEqual([{ foreign: '1' }]);
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
  });

  it('writes the plan anew where the lakehouse lost it', async () => {
    await lakehouse.drop(CONSOLIDATED_PLAN);
    await edit(1);
    expect(await runs().run({ cause: 'change', touched }, signal)).toMatchObject({ status: 'published' });
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
  });

  it('does not touch a frozen period, keeps overrides until they are withdrawn', async () => {
    const line = async (): Promise<unknown> =>
      (
        await flows.database.client.query(
          "select amount, overridden, frozen from planning.plan_lines where (product, region, period, measure) = ('Helmet', 'Brazil', '2027-04', 'volume')",
        )
      ).rows[0];
    await as(
      'supply',
      "insert into planning.plan_overrides (product, region, period, measure, amount, unit, reason) values ('Helmet', 'Brazil', '2027-04', 'volume', 100, 'piece', 'contract')",
    );
    await edit(1000);
    await runs().run({ cause: 'change', touched }, signal);
    expect(await line()).toEqual({ amount: '100.000000', overridden: true, frozen: false });
    await as('approver', "insert into planning.frozen_periods (period, reason) values ('2027-04', 'budget')");
    await as('supply', 'update planning.plan_overrides set withdrawn = true');
    await runs().run({ cause: 'change', touched: { all: false, scopes: [], periods: ['2027-04'] } }, signal);
    expect(await line()).toEqual({ amount: '100.000000', overridden: true, frozen: true });
    await as('approver', 'delete from planning.frozen_periods');
    await runs().run({ cause: 'request', touched: ALL }, signal);
    expect(await line()).toMatchObject({ overridden: false, frozen: false });
  });

  it('of a product that changes its family has each of its lines once, as changed, in both stores', async () => {
    await as('administrator', "insert into planning.products values ('Toys', null, 'Toys'), ('Bell', 'Accessories', 'Bell')");
    await as(
      'sales',
      "insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('Bell', 'Brazil', '2027-05', 'volume', 40, 'piece')",
    );
    await runs().run({ cause: 'request', touched: ALL }, signal);
    await as('administrator', "update planning.products set parent = 'Toys' where product = 'Bell'");
    await as('sales', "update planning.sales_adjustments set amount = 50 where product = 'Bell'");
    expect(await runs().run({ cause: 'request', touched: ALL }, signal)).toMatchObject({ status: 'published' });
    const version = (await lastRun())?.version;
    const changes = await sql("select before, after from planning.plan_changes where version = $1 and product = 'Bell' and measure = 'volume'", [version]);
    expect(changes).toEqual([{ before: '40.000000', after: '50.000000' }]);
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
    expect(postgres.filter((line) => line.startsWith('Bell|Brazil|2027-05|volume|Toys|'))).toHaveLength(1);
  });

  it('of the new scope alone takes over the lines of a product that moved', async () => {
    await as('administrator', "update planning.products set parent = 'Accessories' where product = 'Bell'");
    expect(await runs().run({ cause: 'request', touched: { all: false, scopes: ['Accessories|AMER|2027-05'], periods: [] } }, signal)).toMatchObject({
      status: 'published',
    });
    await runs().run({ cause: 'request', touched: ALL }, signal);
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
    expect(postgres.filter((line) => line.startsWith('Bell|Brazil|2027-05|volume|Accessories|'))).toHaveLength(1);
  });

  it('leaves a frozen scope without lines as it is', async () => {
    const scope = ['Toys|AMER|2027-06'];
    const lines = (): Promise<object[]> => sql('select from planning.plan_lines where scope = any($1)', [scope]);
    await as('approver', "insert into planning.frozen_periods (period, reason) values ('2027-06', 'budget')");
    await as('administrator', "insert into planning.products values ('Robot', 'Toys', 'Robot')");
    await as(
      'sales',
      "insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('Robot', 'Brazil', '2027-06', 'volume', 40, 'piece')",
    );
    expect(await runs().run({ cause: 'change', touched: { all: false, scopes: scope, periods: [] } }, signal)).toMatchObject({ status: 'unchanged' });
    expect(await lines()).toHaveLength(0);
    await as('approver', 'delete from planning.frozen_periods');
    await runs().run({ cause: 'request', touched: ALL }, signal);
    expect(await lines()).toHaveLength(1);
  });

  it('parks a scope that can not be planned and publishes the others', async () => {
    await as('administrator', "insert into planning.products values ('Helmet S', 'Helmet', 'Helmet S')");
    await as(
      'sales',
      "insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('Race bike', 'Brazil', '2027-04', 'volume', 5, 'piece')",
    );
    expect(await runs().run({ cause: 'request', touched: ALL }, signal)).toMatchObject({ status: 'published' });
    expect((await lastRun())?.error).toMatch(/baseline row \("Helmet", .* has products under it/);
    await as('administrator', "delete from planning.products where product = 'Helmet S'");
    await runs().run({ cause: 'request', touched: ALL }, signal);
  });
});

describe('a process killed in the middle of a run', () => {
  const POINTS = [
    'planning.after-begin',
    'planning.after-make',
    'planning.before-lake',
    'delta.after-files',
    'delta.before-commit',
    'planning.after-lake',
    'planning.in-publish',
    'planning.after-publish',
  ];

  it.each(POINTS)('at %s leaves one plan, no half and no double, once another goes on', async (failpoint) => {
    const versions = async (): Promise<number> => (await sql('select from planning.plan_versions')).length;
    const before = await versions();
    const shown = await bothPlans();
    await edit(POINTS.indexOf(failpoint) + 100);
    expect(await killed(failpoint)).toBe('SIGKILL');
    const published = (await versions()) - before;
    expect(published).toBe(failpoint === 'planning.after-publish' ? 1 : 0);
    if (published === 0) expect((await bothPlans()).postgres).toEqual(shown.postgres);
    const next = runner();
    next.start();
    await until(idle);
    await next.end();
    expect((await versions()) - before).toBe(1);
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
    const [doubled] = await sql<{ lines: string }>('select count(*) - count(distinct (product, region, period, measure)) as lines from planning.plan_lines');
    expect(doubled?.lines).toBe('0');
  });
});

function killed(failpoint: string): Promise<NodeJS.Signals | null> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'planning-child.fixture.ts'), flows.url, root, failpoint],
    { stdio: 'ignore' },
  );
  return new Promise((resolve) => child.once('close', (_code, how) => resolve(how)));
}

describe('runners', () => {
  it('of two processes make one run of one change', async () => {
    const both = [runner(), runner()];
    for (const each of both) each.start();
    await until(idle);
    const runsOf = async (): Promise<number> => (await sql("select from planning.plan_runs where cause = 'change'")).length;
    const before = await runsOf();
    await edit(9);
    for (const each of both) each.wake();
    await until(idle);
    expect((await runsOf()) - before).toBe(1);
    await Promise.all(both.map((each) => each.end()));
    const { postgres, delta } = await bothPlans();
    expect(delta).toEqual(postgres);
  });

  it('run what is asked for, and what a schedule’s slots ask for, once each', async () => {
    await as('administrator', "insert into planning.schedules (name, cron, time_zone) values ('hourly', '0 * * * *', 'UTC')");
    await flows.database.client.query(
      "alter table planning.schedules disable trigger user; update planning.schedules set since = date_trunc('hour', now()) - interval '150 minutes'",
    );
    const [request] = await as<{ id: string }>('finance', "insert into planning.run_requests (reason) values ('month end') returning id");
    const both = [runner(), runner()];
    for (const each of both) each.start();
    const done = (): Promise<{ cause: string; n: number }[]> =>
      sql('select cause, count(*)::int as n from planning.plan_runs where slot is not null or request_id = $1 group by 1 order by 1', [request?.id]);
    await until(async () => (await done()).length === 2);
    await until(idle);
    expect(await done()).toEqual([
      { cause: 'catch-up', n: 3 },
      { cause: 'request', n: 1 },
    ]);
    expect(await sql('select status, count(*)::int as n from planning.plan_runs where slot is not null group by 1 order by 1')).toEqual([
      { status: 'skipped', n: 2 },
      { status: 'unchanged', n: 1 },
    ]);
    const [backfill] = await as<{ id: string }>(
      'finance',
      "insert into planning.run_requests (backfill_from, backfill_until) values (date_trunc('hour', now()) - interval '4 hours', date_trunc('hour', now())) returning id",
    );
    for (const each of both) each.wake();
    const ended = async (): Promise<boolean> =>
      (await flows.database.client.query("select from planning.plan_runs where request_id = $1 and status = 'skipped'", [backfill?.id])).rowCount === 1;
    await until(ended);
    const slots = await flows.database.client.query('select cause, status from planning.plan_runs where request_id = $1 and slot is not null', [backfill?.id]);
    expect(slots.rows).toEqual(Array.from({ length: 4 }, () => ({ cause: 'backfill', status: 'unchanged' })));
    await Promise.all(both.map((each) => each.end()));
  });
});
