import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { forget, type Retention } from './flows/planning/run/forget.ts';
import { PlanningWorld } from './planning-world.fixture.ts';

let world: PlanningWorld;
const ENDLESS: Retention = { idleRuns: 1e9, tieOutRuns: 1e9, changes: 1e9 };
const signal = new AbortController().signal;
const scopes = ['Accessories|AMER|2027-04'];
const ONE = { all: false, scopes, periods: [] } as const;

/** As the flow itself, under its policy. */
const keep = (retention: Partial<Retention>): Promise<boolean> => world.runs().transaction('forget', (client) => forget(client, { ...ENDLESS, ...retention }));
const count = async (table: string, where = 'true'): Promise<number> =>
  (await world.sql<{ n: number }>(`select count(*)::int as n from planning.${table} where ${where}`))[0]?.n ?? 0;

async function edit(amount: number): Promise<void> {
  await world.as(
    'sales',
    "insert into planning.sales_adjustments (product, region, period, measure, amount, unit) values ('Helmet', 'Brazil', '2027-04', 'volume', $1, 'piece')",
    [amount],
  );
  expect(await world.runs().run({ cause: 'change', touched: ONE }, signal)).toMatchObject({ status: 'published' });
}

beforeAll(async () => {
  world = await PlanningWorld.create();
  await world.runs().run({ cause: 'request', touched: { all: true } }, signal);
});
afterAll(() => world.drop());

describe('tie-outs', () => {
  it('are those of scopes that a run changed', async () => {
    const before = await count('tie_outs');
    expect(await world.runs().run({ cause: 'request', touched: { all: true } }, signal)).toMatchObject({ status: 'unchanged' });
    expect(await count('tie_outs')).toBe(before);
    await edit(1);
    expect(await count('tie_outs')).toBe(before + 3);
  });

  it('of old runs go, but for the newest of each scope and measure', async () => {
    for (const amount of [2, 3]) await edit(amount);
    const proven = (await world.sql('select distinct scope, measure from planning.tie_outs')).length;
    await keep({ tieOutRuns: 2 });
    expect(await count('tie_outs', `scope = '${scopes[0]}'`)).toBe(6);
    await keep({ tieOutRuns: 1 });
    expect(await count('tie_outs', `scope = '${scopes[0]}'`)).toBe(3);
    expect(await world.sql('select distinct scope, measure from planning.tie_outs')).toHaveLength(proven);
  });
});

describe('changes', () => {
  it('are kept of the newest versions that together have few enough, and of the newest one however many it has', async () => {
    const versions = (): Promise<{ version: string; lines: number }[]> =>
      world.sql('select version::text, count(*)::int as lines from planning.plan_changes group by version order by version desc');
    expect(await versions()).toHaveLength(4);
    await keep({ changes: 2 });
    expect(await versions()).toEqual([
      { version: '4', lines: 1 },
      { version: '3', lines: 1 },
    ]);
    await keep({ changes: 0 });
    expect(await versions()).toEqual([{ version: '4', lines: 1 }]);
    expect(await count('plan_versions')).toBe(4);
  });
});

describe('runs that published nothing', () => {
  const slot = (schedule: string, minute: number, status: string): Promise<object[]> =>
    world.sql(
      `insert into planning.plan_runs (cause, schedule, slot, status, started_at, finished_at) values ('schedule', $1, timestamptz '2026-01-01' + make_interval(mins => $2), $3, now(), now())`,
      [schedule, minute, status],
    );

  it('go when there are too many, but for each schedule’s last slot, what somebody asked for, and runs with a version', async () => {
    await slot('yearly', 0, 'skipped');
    await world.sql("insert into planning.run_requests (requested_by, requested_at) values ('x', now())");
    const [request] = await world.sql<{ id: string }>('select max(id)::text as id from planning.run_requests');
    await world.runs().run({ cause: 'request', requestId: request?.id ?? '', touched: ONE }, signal);
    for (let minute = 1; minute <= 20; minute += 1) await slot('by the minute', minute, minute % 2 === 0 ? 'skipped' : 'unchanged');
    const published = await count('plan_runs', "status = 'published'");
    await keep({ idleRuns: 5 });
    expect(await world.sql("select extract(minute from slot)::int as minute from planning.plan_runs where schedule = 'by the minute' order by slot")).toEqual(
      [15, 16, 17, 18, 19, 20].map((minute) => ({ minute })),
    );
    expect(await count('plan_runs', "schedule = 'yearly'")).toBe(1);
    expect(await count('plan_runs', 'request_id is not null')).toBe(1);
    expect(await count('plan_runs', "status = 'published'")).toBe(published);
    await keep({ idleRuns: 0 });
    expect(await count('plan_runs', "schedule = 'by the minute'")).toBe(1);
  });

  it('are forgotten by the runs themselves', async () => {
    for (let minute = 21; minute <= 30; minute += 1) await slot('by the minute', minute, 'skipped');
    const runs = world.runs({ ...ENDLESS, idleRuns: 3 });
    await runs.run({ cause: 'request', touched: ONE }, signal);
    expect(await count('plan_runs', "schedule = 'by the minute'")).toBeLessThanOrEqual(4);
  });

  it('are the flow’s to forget: nobody else deletes one', async () => {
    await expect(world.as('administrator', 'delete from planning.plan_runs')).rejects.toMatchObject({ code: '42501' });
    await expect(world.as('finance', 'delete from planning.tie_outs')).rejects.toMatchObject({ code: '42501' });
  });
});
