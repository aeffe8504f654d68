import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Trace } from '#contracts/http/trace';
import { createClient } from '#libs/client/client';
import { type Disposition, type Flag, openCase, type Recommendation, suspectTransaction } from '../support/case.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/process.ts';
import type { Shape } from '../support/shape.ts';
import { pgbench, psql } from './psql.ts';

type Row = Record<string, unknown>;

/** The whole loop as its users see it; the same for both shapes. */
export function loopSuite(start: () => Promise<Shape>): void {
  let shape: Shape;
  let analyst: Person;
  let approver: Person;
  let approver2: Person;
  let administrator: Person;
  const subscriptions: { close(): void }[] = [];

  beforeAll(async () => {
    shape = await start();
    [analyst, approver, approver2, administrator] = ['analyst', 'approver', 'approver2', 'administrator'].map((role) => new Person(shape, role)) as [
      Person,
      Person,
      Person,
      Person,
    ];
  }, 180_000);
  afterAll(async () => {
    for (const subscription of subscriptions) subscription.close();
    await shape?.stop();
  }, 60_000);

  const watch = async (person: Person, table: string, filter = ''): Promise<ReadonlyMap<string, Row>> => {
    const client = createClient({ url: shape.urls.notification, token: () => person.token() });
    const subscription = client.subscribe<Row>({ schema: 'exceptions', table, ...(filter ? { filter } : {}) });
    subscriptions.push(subscription);
    await subscription.ready;
    return subscription.rows;
  };
  const find = (rows: ReadonlyMap<string, Row>, column: string, value: unknown): Promise<Row> =>
    eventually(
      () => Promise.resolve([...rows.values()].find((row) => row[column] === value)),
      () => `no row with ${column} = ${String(value)} reached the subscriber`,
    );

  it('carries a flag to a recommendation on the stream, an approval and a final disposition', async () => {
    const recommendations = await watch(approver, 'recommendations');
    const dispositions = await watch(analyst, 'dispositions');
    const flag = await openCase(administrator, analyst);
    const recommendation = (await find(recommendations, 'flag_id', flag.id)) as unknown as Recommendation;
    expect(recommendation.confidence).toBeGreaterThan(0);
    const disposition = await approver.insert<Disposition>('exceptions', 'dispositions', {
      flag_id: flag.id,
      action: 'approve',
      class: recommendation.class,
      reason: 'agreed',
    });
    expect((await find(dispositions, 'id', disposition.id))['action']).toBe('approve');
    const [after] = (await analyst.call<Flag[]>('exceptions', `flags?id=eq.${flag.id}`)).body;
    expect(after?.state).toBe('approved');
  });

  it('tells every step of a case in order, from the first write to the final row', async () => {
    const flag = await openCase(administrator, analyst);
    const recommendation = await eventually(
      async () => (await approver.call<Recommendation[]>('exceptions', `recommendations?flag_id=eq.${flag.id}`)).body[0],
      () => 'no recommendation',
    );
    await approver.insert('exceptions', 'dispositions', { flag_id: flag.id, action: 'approve', class: recommendation.class, reason: 'agreed' });
    const answer = await approver.call<Trace>('', `/v1/trace/${flag.trace_id}`);
    expect(answer.status).toBe(200);
    const writes = answer.body.steps.filter((step) => step.kind === 'write' && step.operation === 'insert').map((step) => step.table);
    expect(writes).toEqual(['exceptions.flags', 'exceptions.recommendations', 'exceptions.dispositions']);
    const elapsed = answer.body.steps.map((step) => step.elapsedMs);
    expect(elapsed).toEqual(elapsed.toSorted((a, b) => a - b));
    expect(new Set(answer.body.steps.map((step) => step.actor)).size).toBeGreaterThanOrEqual(3);
  });

  it('keeps four eyes, and lets one of two approvers win', async () => {
    const own = await openCase(administrator, approver);
    const recommended = (id: string): Promise<Recommendation> =>
      eventually(
        async () => (await approver.call<Recommendation[]>('exceptions', `recommendations?flag_id=eq.${id}`)).body[0],
        () => 'no recommendation',
      );
    await recommended(own.id);
    const refused = await approver.call<Row>('exceptions', 'dispositions', {
      method: 'POST',
      body: { flag_id: own.id, action: 'approve', class: 'timing', reason: 'mine' },
    });
    expect(refused.status).toBe(403);
    const flag = await openCase(administrator, analyst);
    const { class: label } = await recommended(flag.id);
    const decide = (person: Person) =>
      person.call<Row>('exceptions', 'dispositions', { method: 'POST', body: { flag_id: flag.id, action: 'approve', class: label, reason: 'race' } });
    const answers = await Promise.all([decide(approver), decide(approver2)]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
    expect(JSON.stringify(answers.find((answer) => answer.status === 409)?.body)).toContain('approved');
  });

  it('carries what psql writes straight into the database to the same subscribers', async () => {
    const transactions = await watch(administrator, 'transactions', `reference=in.(PSQL-${process.pid},PSQL-${process.pid}-changed)`);
    const row = { ...suspectTransaction(), reference: `PSQL-${process.pid}` };
    const values = Object.values(row).map((value) => `'${value}'`);
    const id = await psql(shape.databaseUrl, `insert into exceptions.transactions (${Object.keys(row).join(', ')}) values (${values.join(', ')}) returning id`);
    expect(String((await find(transactions, 'reference', row.reference))['id'])).toBe(id);
    await psql(shape.databaseUrl, `update exceptions.transactions set reference = 'PSQL-${process.pid}-changed' where id = ${id}`);
    await find(transactions, 'reference', `PSQL-${process.pid}-changed`);
    const actor = await psql(shape.databaseUrl, `select distinct actor from audit.entry where table_name = 'transactions' and key ->> 'id' = '${id}'`);
    expect(actor).toBe('postgres');
  });

  it('classifies what psql flags, and does not let psql step round the state machine', async () => {
    const { id: transaction } = await administrator.insert<{ id: number }>('exceptions', 'transactions', suspectTransaction());
    const flag = await psql(shape.databaseUrl, `insert into exceptions.flags (transaction_id, note) values (${transaction}, 'looks paid twice') returning id`);
    await eventually(
      async () => (await approver.call<Recommendation[]>('exceptions', `recommendations?flag_id=eq.${flag}`)).body[0],
      () => 'no recommendation for a flag set by psql',
    );
    await expect(psql(shape.databaseUrl, `update exceptions.flags set state = 'approved' where id = '${flag}'`)).rejects.toThrow();
  });

  it('delivers every row of a pgbench run to the subscriber exactly once', async () => {
    const reference = `PGBENCH-${process.pid}`;
    const seen: string[] = [];
    const client = createClient({ url: shape.urls.notification, token: () => administrator.token() });
    const subscription = client.subscribe<Row>(
      { schema: 'exceptions', table: 'transactions', filter: `reference=eq.${reference}` },
      { onChange: (change) => void seen.push(`${change.op} ${JSON.stringify(change.key?.['id'])}`) },
    );
    subscriptions.push(subscription);
    await subscription.ready;
    const script = `insert into exceptions.transactions (account, counterparty, amount, currency, expected_amount, expected_currency, booked_at, value_date, channel, region, description, reference)
      values ('ACC-1', 'Bench AG', 10, 'EUR', 10, 'EUR', now(), current_date, 'wire', 'EMEA', 'bench', '${reference}');`;
    await pgbench(shape.databaseUrl, script, 4, 100);
    await eventually(
      () => Promise.resolve(seen.length >= 400),
      () => `${seen.length} of 400 rows arrived`,
    );
    const ids = (await psql(shape.databaseUrl, `select id from exceptions.transactions where reference = '${reference}'`)).split('\n');
    expect(seen.toSorted()).toEqual(ids.map((id) => `c ${id}`).toSorted());
  });
}
