import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { installGovernance } from '#libs/governance/install';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { EXCEPTION_FLOWS } from '../flows/all.ts';
import { installFlows } from './install-flows.ts';
import { CASE_ACTIONS, CASE_MACHINE, CASE_STATES, type CaseAction, type CaseState } from '../cases/machine.ts';

const logger = createLogger({ service: 'test', level: 'error' });
let database: TestDatabase;
let db: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.client;
  await installGovernance({ adminUrl: database.url, logger });
  await installFlows({ adminUrl: database.url, logger, flows: EXCEPTION_FLOWS });
});
afterAll(() => database.drop());

/** What `psql` would send to bring a case that `psql`'s own user flagged into a state; someone else decides. */
const REACH: Record<CaseState, CaseAction[]> = {
  flagged: [],
  recommended: ['recommend'],
  approved: ['recommend', 'approve'],
  overridden: ['recommend', 'override'],
  corrected: ['recommend', 'correct'],
  withdrawn: ['withdraw'],
};

async function newCase(): Promise<{ transaction: string; flag: string }> {
  const subject = await db.query<{ id: string }>(
    "insert into exceptions.transactions (account, counterparty, amount, currency, channel, region) values ('A', 'B', 1, 'EUR', 'wire', 'EMEA') returning id",
  );
  const transaction = subject.rows[0]?.id ?? '';
  const flag = await db.query<{ id: string }>('insert into exceptions.flags (transaction_id) values ($1) returning id', [transaction]);
  return { transaction, flag: flag.rows[0]?.id ?? '' };
}

/** As another login: four eyes hold for psql as well. */
async function as(login: string, sql: string, values: unknown[]): Promise<pg.QueryResult> {
  await db.query(`set session authorization ${login}`);
  try {
    return await db.query(sql, values);
  } finally {
    await db.query('reset session authorization');
  }
}

async function act(action: CaseAction, { transaction, flag }: { transaction: string; flag: string }): Promise<void> {
  const statements: Record<CaseAction, () => Promise<unknown>> = {
    flag: () => db.query('insert into exceptions.flags (transaction_id) values ($1)', [transaction]),
    recommend: () =>
      db.query(
        "insert into exceptions.recommendations (flag_id, class, confidence, probabilities, contributions, model_version) values ($1, 'duplicate', 0.5, '{}', '[]', 'm')",
        [flag],
      ),
    approve: () => as('lakeloop_admin', "insert into exceptions.dispositions (flag_id, action) values ($1, 'approve')", [flag]),
    override: () => as('lakeloop_admin', "insert into exceptions.dispositions (flag_id, action, class, reason) values ($1, 'override', 'timing', 'r')", [flag]),
    correct: () =>
      as('lakeloop_admin', `insert into exceptions.dispositions (flag_id, action, correction, reason) values ($1, 'correct', '{"amount": "2"}', 'r')`, [flag]),
    withdraw: () => db.query("update exceptions.flags set state = 'withdrawn' where id = $1", [flag]),
  };
  await statements[action]();
}

async function stateOf(flag: string): Promise<string> {
  const { rows } = await db.query<{ state: string }>('select state from exceptions.flags where id = $1', [flag]);
  return rows[0]?.state ?? '';
}

const pairs = CASE_STATES.flatMap((state) => CASE_ACTIONS.map((action) => [state, action] as const));

describe('the state machine in the database', () => {
  it.each(pairs)('in state %s gives %s the outcome that the table says', async (state, action) => {
    const subject = await newCase();
    for (const step of REACH[state]) await act(step, subject);
    expect(await stateOf(subject.flag)).toBe(state);
    const outcome = CASE_MACHINE[state][action];
    if (outcome.kind === 'refuse') {
      await expect(act(action, subject)).rejects.toMatchObject({
        code: 'PT409',
        detail: JSON.stringify({ state, action }).replaceAll('":"', '": "').replace('","', '", "'),
      });
      expect(await stateOf(subject.flag)).toBe(state);
    } else {
      await act(action, subject);
      expect(await stateOf(subject.flag)).toBe(outcome.kind === 'move' ? outcome.to : state);
    }
  });

  it.each(CASE_STATES.filter((state) => state !== 'withdrawn'))('does not let an update set the state %s without its evidence', async (state) => {
    for (const start of ['flagged', 'recommended'] as const) {
      const subject = await newCase();
      for (const step of REACH[start]) await act(step, subject);
      await expect(db.query('update exceptions.flags set state = $2 where id = $1', [subject.flag, state])).rejects.toMatchObject({ code: 'PT409' });
    }
  });

  it('lets nothing of a case be edited, deleted or truncated', async () => {
    const subject = await newCase();
    for (const step of REACH.approved) await act(step, subject);
    const forbidden = [
      "update exceptions.flags set note = 'other'",
      "update exceptions.flags set flagged_by = 'other', state = 'withdrawn'",
      'delete from exceptions.flags',
      "update exceptions.recommendations set class = 'timing'",
      'delete from exceptions.recommendations',
      "update exceptions.dispositions set reason = 'other'",
      'delete from exceptions.dispositions',
      'truncate exceptions.dispositions',
      'truncate exceptions.flags cascade',
    ];
    for (const sql of forbidden) await expect(db.query(sql)).rejects.toMatchObject({ code: 'PT409' });
  });

  it('does not let who flagged decide, even in psql', async () => {
    const subject = await newCase();
    await act('recommend', subject);
    await expect(db.query("insert into exceptions.dispositions (flag_id, action) values ($1, 'approve')", [subject.flag])).rejects.toMatchObject({
      code: 'PT403',
    });
  });

  it('forces who, when and which trace, whatever the writer says', async () => {
    const subject = await newCase();
    await act('recommend', subject);
    await as(
      'lakeloop_admin',
      "insert into exceptions.dispositions (flag_id, action, decided_by, decided_at, trace_id) values ($1, 'approve', 'mallory', '2000-01-01', 'x')",
      [subject.flag],
    );
    const { rows } = await db.query<{ case_trace: string }>(
      "select d.*, f.trace_id as case_trace, now() - d.decided_at < interval '1 hour' as recent from exceptions.dispositions d join exceptions.flags f on f.id = d.flag_id where f.id = $1",
      [subject.flag],
    );
    expect(rows[0]).toMatchObject({ decided_by: 'lakeloop_admin', class: 'duplicate', region: 'EMEA', recent: true, trace_id: rows[0]?.case_trace });
  });

  it('lets a flag be withdrawn by its flagger only', async () => {
    const subject = await newCase();
    await expect(as('lakeloop_admin', "update exceptions.flags set state = 'withdrawn' where id = $1", [subject.flag])).rejects.toMatchObject({
      code: 'PT403',
    });
    await act('withdraw', subject);
  });

  it.each([
    ['approving with another class', "(flag_id, action, class) values ($1, 'approve', 'timing')"],
    ['overriding with the same class', "(flag_id, action, class, reason) values ($1, 'override', 'duplicate', 'r')"],
    ['overriding without a class', "(flag_id, action, reason) values ($1, 'override', 'r')"],
    ['overriding without a reason', "(flag_id, action, class, reason) values ($1, 'override', 'timing', ' ')"],
    ['a class that is no label', "(flag_id, action, class, reason) values ($1, 'override', 'nonsense', 'r')"],
    ['correcting without a correction', "(flag_id, action, reason) values ($1, 'correct', 'r')"],
    ['correcting a column that is not correctable', `(flag_id, action, correction, reason) values ($1, 'correct', '{"id": 1}', 'r')`],
    ['correcting with something other than an object', `(flag_id, action, correction, reason) values ($1, 'correct', '[1]', 'r')`],
    ['a correction on an approval', `(flag_id, action, correction) values ($1, 'approve', '{"amount": "1"}')`],
    ['an action that there is not', "(flag_id, action) values ($1, 'flag')"],
  ])('refuses %s', async (_what, values) => {
    const subject = await newCase();
    await act('recommend', subject);
    await expect(as('lakeloop_admin', `insert into exceptions.dispositions ${values}`, [subject.flag])).rejects.toMatchObject({ code: '23514' });
    expect(await stateOf(subject.flag)).toBe('recommended');
  });
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return client;
}

/** Asks the server until a session of this database waits for a lock. */
async function untilSomeoneWaits(): Promise<void> {
  const client = await connected();
  const sql = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  while (!(await client.query(sql)).rowCount) await client.query('select pg_sleep(0.002)');
  await client.end();
}

describe('two people at once', () => {
  it('lets one approver win and tells the other the state it is in', async () => {
    const subject = await newCase();
    await act('recommend', subject);
    const other = await connected();
    await other.query('set session authorization lakeloop_admin');
    await other.query('begin');
    await other.query("insert into exceptions.dispositions (flag_id, action) values ($1, 'approve')", [subject.flag]);
    const late = as('lakeloop_admin', "insert into exceptions.dispositions (flag_id, action, class, reason) values ($1, 'override', 'timing', 'r')", [
      subject.flag,
    ]).then(
      () => undefined,
      (error: unknown) => error,
    );
    await untilSomeoneWaits();
    await other.query('commit');
    expect(await late).toMatchObject({ code: 'PT409', detail: '{"state": "approved", "action": "override"}' });
    expect(await stateOf(subject.flag)).toBe('approved');
    await other.end();
  });

  it('opens one case of a row for two flaggers, and tells the other which state it is in', async () => {
    const subject = await newCase();
    await act('withdraw', subject);
    const clients = await Promise.all(
      [1, 2].map(async () =>
        Object.assign(new pg.Client({ connectionString: database.url }), {})
          .connect()
          .then((client) => client),
      ),
    );
    const results = await Promise.allSettled(
      clients.map((client) => client.query('insert into exceptions.flags (transaction_id) values ($1)', [subject.transaction])),
    );
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(results.find((result) => result.status === 'rejected')).toMatchObject({
      reason: { code: 'PT409', detail: '{"state": "flagged", "action": "flag"}' },
    });
    await Promise.all(clients.map((client) => client.end()));
  });
});
