import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { contextOf } from '#libs/governance/write-context';
import { newTraceparent } from '#libs/runtime/telemetry';
import { createTestDatabase } from '#libs/testing/postgres';
import { exceptionsFlow } from '../flows/exceptions/definition.ts';
import { installFlowDatabase, type FlowDatabase, person } from './flow-database.fixture.ts';

let flows: FlowDatabase;
let governed: Governed;

beforeAll(async () => {
  flows = await installFlowDatabase(await createTestDatabase());
  governed = new Governed(flows.writePool);
  await flows.database.client.query(`insert into exceptions.transactions (id, account, counterparty, amount, currency, channel, region) values
    (1, 'A', 'B', 1, 'EUR', 'wire', 'EMEA'), (2, 'A', 'B', 2, 'USD', 'wire', 'AMER')`);
});
afterAll(() => flows.drop());

function as<T extends object>(principal: Principal, sql: string, values: unknown[] = []): Promise<T[]> {
  const context = contextOf(principal, { requestId: 'test', traceparent: newTraceparent() });
  return governed.transaction({ principal, context }, async (client) => (await client.query<T>(sql, values)).rows);
}

describe('the exceptions policy', () => {
  it('shows sales the transactions and cases of its own region only', async () => {
    const analyst = person('analyst');
    await as(analyst, 'insert into exceptions.flags (transaction_id, note) values (1, $1), (2, $1)', ['odd']);
    const sales = person('sales', { region: 'EMEA' });
    expect(await as(sales, 'select id, region from exceptions.transactions')).toEqual([{ id: '1', region: 'EMEA' }]);
    expect(await as(sales, 'select transaction_id, region from exceptions.flags')).toEqual([{ transaction_id: '1', region: 'EMEA' }]);
    expect(await as(person('sales'), 'select id from exceptions.transactions')).toEqual([]);
    expect(await as(analyst, 'select id from exceptions.transactions order by id')).toHaveLength(2);
  });

  it('hides account and description from supply', async () => {
    const supply = person('supply');
    await expect(as(supply, 'select account from exceptions.transactions')).rejects.toMatchObject({ code: '42501' });
    await expect(as(supply, 'select contributions from exceptions.recommendations')).rejects.toMatchObject({ code: '42501' });
    expect(await as(supply, 'select id, amount from exceptions.transactions')).toHaveLength(2);
  });

  it.each([
    ['an analyst who writes who flagged', 'analyst', "insert into exceptions.flags (transaction_id, flagged_by) values (1, 'other')"],
    [
      'an analyst who recommends',
      'analyst',
      "insert into exceptions.recommendations (flag_id, class, confidence, probabilities, contributions, model_version) select id, 'timing', 1, '{}', '[]', 'x' from exceptions.flags",
    ],
    ['an analyst who decides', 'analyst', "insert into exceptions.dispositions (flag_id, action) select id, 'approve' from exceptions.flags"],
    [
      'an approver who writes who decided',
      'approver',
      "insert into exceptions.dispositions (flag_id, action, decided_by) select id, 'approve', 'other' from exceptions.flags",
    ],
    ['an approver who changes a transaction', 'approver', 'update exceptions.transactions set amount = 0'],
    ['an auditor who flags', 'auditor', 'insert into exceptions.flags (transaction_id) values (1)'],
    ['an administrator who edits a model', 'administrator', "update exceptions.models set version = 'x'"],
  ])('refuses %s', async (_what, role, sql) => {
    await expect(as(person(role), sql)).rejects.toMatchObject({ code: '42501' });
  });

  it("does not let one analyst withdraw another's flag", async () => {
    expect(await as(person('analyst', { sub: 'someone-else' }), "update exceptions.flags set state = 'withdrawn' returning id")).toEqual([]);
  });

  it('keeps four eyes for a role that may both flag and approve', async () => {
    const finance = person('finance');
    const { client } = flows.database;
    await client.query(
      "insert into exceptions.transactions (id, account, counterparty, amount, currency, channel, region) values (3, 'A', 'B', 1, 'EUR', 'wire', 'EMEA')",
    );
    const [flag] = await as<{ id: string }>(finance, 'insert into exceptions.flags (transaction_id) values (3) returning id');
    await client.query(
      `insert into exceptions.recommendations (flag_id, class, confidence, probabilities, contributions, model_version) values ($1, 'timing', 1, '{}', '[]', 'x')`,
      [flag?.id],
    );
    const approve = "insert into exceptions.dispositions (flag_id, action) values ($1, 'approve')";
    await expect(as(finance, approve, [flag?.id])).rejects.toMatchObject({ code: 'PT403' });
    await as(person('finance', { sub: 'another' }), approve, [flag?.id]);
  });

  it('grants nothing on columns that triggers set', async () => {
    const { rows } = await flows.database.client.query<{ grants: string[] }>(
      `select array(select grantee || ' ' || table_name || '.' || column_name from information_schema.column_privileges
        where table_schema = $1 and privilege_type = 'INSERT' and column_name in ('flagged_by', 'flagged_at', 'decided_by', 'decided_at', 'trace_id', 'created_at')
        and grantee not in ('lakeloop_owner', 'postgres', 'lakeloop_admin')) as grants`,
      [exceptionsFlow.schema],
    );
    expect(rows[0]?.grants).toEqual([]);
  });
});
