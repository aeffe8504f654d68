import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase } from '#libs/testing/postgres';
import { type FlowDatabase, installFlowDatabase, person } from './flow-database.fixture.ts';
import { loadPlanningDemo } from '../flows/planning/demo/load-planning-demo.ts';

let flows: FlowDatabase;
let people: Governed;

beforeAll(async () => {
  flows = await installFlowDatabase(await createTestDatabase());
  people = new Governed(flows.writePool);
  const logger = createLogger({ service: 'test', level: 'error' });
  await loadPlanningDemo({ adminUrl: flows.database.url, governed: new Governed(flows.pool), logger });
  await flows.database.client.query(`insert into planning.plan_runs (cause, status, started_at, finished_at) values ('request', 'published', now(), now());
    insert into planning.plan_versions (version, run_id, created_at, lines_changed) values (1, 1, now(), 0), (2, 1, now(), 0)`);
});
afterAll(() => flows.drop());

function as<T extends object>(who: Principal | string, sql: string, values: unknown[] = []): Promise<T[]> {
  const principal = typeof who === 'string' ? person(who) : who;
  const context = contextOf(principal, { requestId: 'test', traceparent: newTraceparent() });
  return people.transaction({ principal, context }, async (client) => (await client.query<T>(sql, values)).rows);
}

const adjustment = (values: string, columns = 'product, region, period, measure, amount, unit'): string =>
  `insert into planning.sales_adjustments (${columns}) values (${values}) returning id, author, scope, kind, confidence`;

describe('an adjustment', () => {
  it('gets its author, times and scope from the database', async () => {
    const [row] = await as<{ author: string; scope: string }>('sales', adjustment("'E-city', 'Germany', '2027-03', 'volume', 5, 'piece'"));
    expect(row).toMatchObject({ author: 'sales', scope: 'E-bikes|EMEA|2027-03', kind: 'delta', confidence: '1.000' });
  });

  it.each([
    ['product', "'Unicycle', 'Germany', '2027-03', 'volume', 5, 'piece'"],
    ['region', "'E-city', 'Atlantis', '2027-03', 'volume', 5, 'piece'"],
    ['period', "'E-city', 'Germany', '2031-01', 'volume', 5, 'piece'"],
    ['measure', "'E-city', 'Germany', '2027-03', 'joy', 5, 'piece'"],
    ['unit', "'E-city', 'Germany', '2027-03', 'volume', 5, 'furlong'"],
    ['unit', "'E-city', 'Germany', '2027-03', 'volume', 5, 'EUR'"],
    ['unit', "'E-city', 'Germany', '2027-03', 'volume', 5, null"],
    ['amount', "'E-city', 'Germany', '2027-03', 'volume', 'NaN', 'piece'"],
    ['amount', "'E-city', 'Germany', '2027-03', 'volume', 0.0000001, 'piece'"],
  ])('with a wrong %s is refused with 422 naming it', async (field, values) => {
    await expect(as('sales', adjustment(values))).rejects.toMatchObject({
      code: 'PT422',
      column: field,
      message: expect.stringMatching(new RegExp(`^${field}`)),
    });
  });

  it('is written by its own team only, and by nobody without a role for it', async () => {
    for (const role of ['finance', 'supply', 'approver', 'agent'])
      await expect(as(role, adjustment("'E-city', 'Germany', '2027-03', 'volume', 5, 'piece'"))).rejects.toMatchObject({ code: '42501' });
    await expect(as('agent', 'select comment from planning.sales_adjustments')).rejects.toMatchObject({ code: '42501' });
    expect(await as('supply', 'select comment from planning.sales_adjustments limit 1')).toHaveLength(1);
  });

  it('is noted as touched with its scope, where it was and where it is', async () => {
    const [row] = await as<{ id: string }>('sales', adjustment("'Lock', 'Japan', '2027-05', 'volume', 5, 'piece'"));
    await flows.database.client.query('delete from lakeloop.planning_touched');
    await as('sales', "update planning.sales_adjustments set period = '2027-06' where id = $1", [row?.id]);
    const { rows } = await flows.database.client.query('select scope from lakeloop.planning_touched order by scope');
    expect(rows).toEqual([{ scope: 'Accessories|APAC|2027-05' }, { scope: 'Accessories|APAC|2027-06' }]);
  });

  it('follows a product that moves to another family, and keeps its author', async () => {
    await as('sales', adjustment("'Cargo bike', 'Brazil', '2027-08', 'volume', 5, 'piece'"));
    await as('administrator', "update planning.products set parent = 'E-bikes' where product = 'Cargo bike'");
    expect(await as('sales', "select author, scope from planning.sales_adjustments where product = 'Cargo bike' and region = 'Brazil'")).toEqual([
      { author: 'sales', scope: 'E-bikes|AMER|2027-08' },
    ]);
    await expect(as('administrator', "update planning.products set parent = 'Cargo bike' where product = 'E-bikes'")).rejects.toMatchObject({
      code: 'PT422',
      column: 'parent',
    });
    await as('administrator', "update planning.products set parent = 'Bikes' where product = 'Cargo bike'");
  });
});

describe('an override', () => {
  const LINE = "'Helmet', 'Japan', '2027-02', 'volume', 7, 'piece', 'contract'";
  const state = (values: string): string =>
    `insert into planning.plan_overrides (product, region, period, measure, amount, unit, reason) values (${values}) returning id`;

  it('is one a line, stays as it is, and is withdrawn by name', async () => {
    const [row] = await as<{ id: string }>('supply', state(LINE));
    await expect(as('sales', state(LINE))).rejects.toMatchObject({ code: '23505' });
    await expect(flows.database.client.query('update planning.plan_overrides set amount = 8 where id = $1', [row?.id])).rejects.toMatchObject({
      code: 'PT409',
    });
    await expect(flows.database.client.query('delete from planning.plan_overrides')).rejects.toMatchObject({ code: 'PT409' });
    await as('sales', 'update planning.plan_overrides set withdrawn = true where id = $1', [row?.id]);
    expect(await as('sales', 'select withdrawn_by, author from planning.plan_overrides where id = $1', [row?.id])).toEqual([
      { withdrawn_by: 'sales', author: 'supply' },
    ]);
    await expect(as('sales', 'update planning.plan_overrides set withdrawn = false where id = $1', [row?.id])).rejects.toMatchObject({ code: 'PT409' });
    expect(await as('sales', state(LINE))).toHaveLength(1);
  });

  it('needs a leaf and a reason', async () => {
    await expect(as('sales', state("'Accessories', 'Japan', '2027-02', 'volume', 7, 'piece', 'x'"))).rejects.toMatchObject({
      code: 'PT422',
      column: 'product',
    });
    await expect(as('sales', state("'Lock', 'Japan', '2027-02', 'volume', 7, 'piece', ' '"))).rejects.toMatchObject({ code: '23514' });
  });
});

describe('a plan version', () => {
  it('is proposed by one and decided by another, once', async () => {
    await as('finance', 'insert into planning.plan_approvals (version) values (1)');
    const decide = "update planning.plan_approvals set state = 'approved' where version = 1 returning decided_by";
    await expect(as('finance', decide)).rejects.toMatchObject({ code: 'PT403' });
    await expect(as('sales', decide)).rejects.toMatchObject({ code: '42501' });
    expect(await as('approver', decide)).toEqual([{ decided_by: 'approver' }]);
    await expect(flows.database.client.query("update planning.plan_approvals set state = 'rejected'")).rejects.toMatchObject({ code: 'PT409' });
    await expect(as('finance', 'insert into planning.plan_approvals (version) values (99)')).rejects.toMatchObject({ code: 'PT422', column: 'version' });
  });
});

describe('a frozen period', () => {
  const line = (
    period: string,
  ): string => `insert into planning.plan_lines values ('Lock', 'Japan', '${period}', 'volume', 'Accessories|APAC|${period}', 'piece',
    1, 0, 0, 0, 0, 0, 0, 1, null, false, false, false, false, '[]', 2, now())`;

  it('keeps its lines, whoever writes', async () => {
    const { client } = flows.database;
    await client.query(line('2027-09'));
    await as('approver', "insert into planning.frozen_periods (period, reason) values ('2027-09', 'budget')");
    await expect(client.query("update planning.plan_lines set amount = 2 where period = '2027-09'")).rejects.toMatchObject({ code: 'PT409' });
    await expect(client.query("delete from planning.plan_lines where period = '2027-09'")).rejects.toMatchObject({ code: 'PT409' });
    await expect(client.query("update planning.plan_lines set unit = 'dozen' where period = '2027-09'")).rejects.toMatchObject({ code: 'PT409' });
    await expect(client.query("update planning.plan_lines set period = '2027-10' where period = '2027-09'")).rejects.toMatchObject({ code: 'PT409' });
    await client.query(line('2027-10'));
    await expect(client.query("update planning.plan_lines set period = '2027-09', product = 'Helmet' where period = '2027-10'")).rejects.toMatchObject({
      code: 'PT409',
    });
    await client.query("delete from planning.plan_lines where period = '2027-10'");
    await client.query("insert into planning.plan_scopes values ('Accessories|APAC|2027-09', '[]', 1)");
    await expect(client.query(line('2027-09').replace("'Lock'", "'Helmet'"))).rejects.toMatchObject({ code: 'PT409' });
    await client.query('delete from planning.plan_scopes');
    await client.query("update planning.plan_lines set frozen = true where period = '2027-09'");
    await as('approver', "delete from planning.frozen_periods where period = '2027-09'");
    await client.query("delete from planning.plan_lines where period = '2027-09'");
  });
});

it('loads the rest of a demo whose first load was cut off, and nobody’s edits twice', async () => {
  const fresh = await installFlowDatabase(await createTestDatabase());
  const load = (): Promise<boolean> =>
    loadPlanningDemo({ adminUrl: fresh.database.url, governed: new Governed(fresh.pool), logger: createLogger({ service: 'test', level: 'error' }) });
  const disarm = arm('planning.demo-reference', () => Promise.reject(new Error('killed here')));
  try {
    await expect(load()).rejects.toThrow('killed here');
    disarm();
    expect(await load()).toBe(true);
    expect(await load()).toBe(false);
    const { rows } = await fresh.database.client.query("select author, count(*)::int from planning.supply_adjustments where comment <> '' group by 1");
    expect(rows).toEqual([{ author: 'supply', count: 19 }]);
    expect((await fresh.database.client.query("select from planning.settings where name like 'demo%'")).rowCount).toBe(0);
  } finally {
    disarm();
    await fresh.drop();
  }
});

it('loads its demo once', async () => {
  const again = await loadPlanningDemo({
    adminUrl: flows.database.url,
    governed: new Governed(flows.pool),
    logger: createLogger({ service: 'test', level: 'error' }),
  });
  expect(again).toBe(false);
  const { rows } = await flows.database.client.query("select author, count(*)::int from planning.supply_adjustments where comment <> '' group by 1");
  expect(rows).toEqual([{ author: 'supply', count: 19 }]);
});
