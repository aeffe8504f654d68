import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import type { UndoProgress, UndoReport } from '#contracts/http/history';
import { arm } from '#libs/runtime/failpoints';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';

/** A page has a handful of rows, so that all that is asked here goes over many pages. */
const PAGE_BYTES = 3_000;

let stand: ApiStand;
let psql: pg.Client;
let disarm: (() => void) | undefined;

beforeAll(async () => {
  stand = await openApi(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    set role lakeloop_owner;
    create table app.account (id bigint primary key, name text not null);
    create table app.entry (id bigint primary key, account_id bigint references app.account on delete cascade, amount numeric(14, 2), note text, doubled numeric generated always as (amount * 2) stored);
    create table app.code (id integer primary key, code integer not null unique, label text);
    create table app.node (id integer primary key, parent integer references app.node on delete cascade, label text);
    create table app.secret (id integer primary key, region text, note text);
    alter table app.secret enable row level security;
    create policy kept on app.secret as restrictive for update to approver using (note is distinct from 'kept');
    create policy south on app.secret to approver using (region <> 'north') with check (true);
    grant usage on schema app to approver; grant select, insert, update, delete on all tables in schema app to approver;
    select lakeloop.adopt('app.account'), lakeloop.adopt('app.entry'), lakeloop.adopt('app.code'), lakeloop.adopt('app.node'), lakeloop.adopt('app.secret');
    reset role`,
    { config: { UNDO_PAGE_BYTES: PAGE_BYTES } },
  );
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterEach(() => disarm?.());
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

type Answer<T> = Reply<T & { type?: string; conflictCount: number; conflicts: { key: unknown }[] }>;

const undo = (body: Record<string, unknown>, headers: Record<string, string> = { prefer: 'wait=20' }): Promise<Answer<UndoReport>> =>
  stand.call('POST', '/v1/undo', { role: 'approver', headers, body });

/** Runs statements as one request, and tells its number. */
async function request(...statements: string[]): Promise<string> {
  await psql.query('begin');
  for (const statement of statements) await psql.query(statement);
  const { rows } = await psql.query<{ request: string }>(`select current_setting('lakeloop.request') as request`);
  await psql.query('commit');
  return rows[0]?.request ?? '';
}

async function dump(...tables: string[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const table of tables) found.push((await psql.query(`select t::text as row from ${table} t order by 1`)).rows);
  return found;
}

const progressOf = (id: string, role = 'approver'): Promise<Reply<UndoProgress>> => stand.call('GET', `/v1/undo/${id}`, { role });

/** Where an undo ends that nobody waited for. */
async function endOf(id: string): Promise<UndoProgress> {
  for (;;) {
    const { body } = await progressOf(id);
    if (body.state !== 'running') return body;
  }
}

/** Calls back before the nth page is written. */
function beforePage(nth: number, work: () => Promise<void>): void {
  let pages = 0;
  disarm = arm('history.undo.before-page', async () => {
    pages += 1;
    if (pages === nth) await work();
  });
}

const LEFT = 'delete from app.entry; delete from app.account; delete from app.code; delete from app.node; delete from app.secret';

describe('undo of many rows', () => {
  it('brings tables back to what they were, whatever one request did to them', async () => {
    const first = fc.integer({ min: 1, max: 60 });
    const some = fc.integer({ min: 1, max: 40 });
    const between = fc.tuple(first, some).map(([from, count]) => `between ${from} and ${from + count}`);
    const statement = fc.oneof(
      fc
        .tuple(first, some)
        .map(
          ([from, n]) =>
            `insert into app.account select i, 'new ' || i from generate_series(${from}, ${from + n}) i on conflict (id) do update set name = 'again'`,
        ),
      fc
        .tuple(first, some)
        .map(
          ([from, n]) =>
            `insert into app.entry select i, (select min(id) from app.account), i, 'new' from generate_series(${from}, ${from + n}) i on conflict do nothing`,
        ),
      between.map((rows) => `update app.entry set amount = amount + 1, account_id = (select max(id) from app.account) where id ${rows}`),
      between.map((rows) => `update app.entry set id = id + 1000 where id ${rows} and not exists (select from app.entry e where e.id = entry.id + 1000)`),
      between.map((rows) => `update app.account set name = name || '!' where id ${rows}`),
      between.map((rows) => `delete from app.account where id ${rows}`),
      between.map((rows) => `delete from app.entry where id ${rows}`),
      fc.constant('truncate app.entry'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 8 }), async (statements) => {
        await psql.query(`${LEFT}; insert into app.account select i, 'account ' || i from generate_series(1, 50) i;
          insert into app.entry select i, 1 + i % 50, i * 1.5, case when i % 3 > 0 then 'a,"\\{' || i end from generate_series(1, 80) i`);
        const before = await dump('app.account', 'app.entry');
        const made = await request(`select set_config('lakeloop.request', audit.no_request()::text, true)`, ...statements);
        const { status, text } = await undo({ request: made });
        if (status !== 404) expect([status, text]).toEqual([200, expect.anything()]);
        expect(await dump('app.account', 'app.entry')).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  it('writes a row once that was changed several times, to what it was at first', async () => {
    await psql.query(`${LEFT}; insert into app.code select i, i, 'first' from generate_series(1, 40) i`);
    const before = await dump('app.code');
    const made = await request(
      `update app.code set label = 'second'`,
      `update app.code set label = 'third' where id > 5`,
      `update app.code set label = 'first' where id > 30`,
    );
    expect((await undo({ request: made, dryRun: true })).body).toMatchObject({ applied: false, rows: 30, conflictCount: 0 });
    expect((await undo({ request: made })).body).toMatchObject({ applied: true, rows: 30 });
    expect(await dump('app.code')).toEqual(before);
    const { rows } = await psql.query(`select count(*)::int as n from audit.entry where reason = 'undo of request ${made}'`);
    expect(rows).toEqual([{ n: 30 }]);
  });

  it('finds its way where values are unique and keys have moved', async () => {
    await psql.query(`${LEFT}; insert into app.code select i, i, 'c' || i from generate_series(1, 40) i`);
    const before = await dump('app.code');
    const made = await request(
      'delete from app.code where id <= 20',
      `insert into app.code select 100 + i, i, 'other' from generate_series(1, 20) i`,
      'update app.code set code = code + 100 where id between 21 and 40',
      `insert into app.code select 200 + i, i, 'third' from generate_series(21, 40) i`,
      'update app.code set id = id + 1000',
    );
    expect(await undo({ request: made })).toMatchObject({ status: 200, body: { rows: 100 } });
    expect(await dump('app.code')).toEqual(before);
  });

  it('is not surprised by what a cascade takes along', async () => {
    await psql.query(LEFT);
    const tree = await request(`insert into app.node select i, case when i < 60 then i + 1 end, 'n' from generate_series(1, 60) i`);
    const accounts = await request(
      `insert into app.entry (id, amount) select i, 1 from generate_series(1, 40) i`,
      `insert into app.account select i, 'a' from generate_series(1, 40) i`,
      'update app.entry set account_id = id',
    );
    const full = await dump('app.node', 'app.account', 'app.entry');
    const gone = await request('delete from app.node where id = 60', 'delete from app.account');
    expect(await dump('app.node', 'app.account', 'app.entry')).toEqual([[], [], []]);
    expect(await undo({ request: gone })).toMatchObject({ status: 200, body: { rows: 140 } });
    expect(await dump('app.node', 'app.account', 'app.entry')).toEqual(full);
    expect(await undo({ request: tree, force: true })).toMatchObject({ status: 200, body: { rows: 60 } });
    expect(await undo({ request: accounts, force: true })).toMatchObject({ status: 200, body: { rows: 80 } });
    expect(await dump('app.node', 'app.account', 'app.entry')).toEqual([[], [], []]);
  });

  it('counts all conflicts and lists some, and when forced keeps what others wrote in other columns', async () => {
    await psql.query(`${LEFT}; insert into app.entry (id, amount, note) select i, i, 'mine' from generate_series(1, 200) i`);
    const made = await request('update app.entry set amount = amount + 1');
    await psql.query(`update app.entry set note = 'theirs' where id > 50`);
    const refused = await undo({ request: made });
    expect(refused).toMatchObject({ status: 409, body: { type: 'urn:lakeloop:problem:changed-since', conflictCount: 150 } });
    expect(refused.body.conflicts).toHaveLength(100);
    const tried = await undo({ request: made, dryRun: true });
    expect(tried).toMatchObject({ status: 200, body: { applied: false, rows: 200, conflictCount: 150 } });
    expect(await undo({ request: made, force: true })).toMatchObject({ status: 200, body: { applied: true, rows: 200, conflictCount: 150 } });
    const { rows } = await psql.query(`select note, count(*)::int as n, bool_and(amount = id) as back from app.entry group by 1 order by 1`);
    expect(rows).toEqual([
      { note: 'mine', n: 50, back: true },
      { note: 'theirs', n: 150, back: true },
    ]);
  });

  it('sees what comes while it writes, and keeps nothing then', async () => {
    await psql.query(`${LEFT}; insert into app.entry (id, amount) select i, i from generate_series(1, 100) i`);
    const made = await request('update app.entry set amount = 0');
    // Rows are written last change first.
    beforePage(3, () => psql.query(`update app.entry set note = 'in between' where id = 1`).then(() => undefined));
    expect(await undo({ request: made })).toMatchObject({ status: 409, body: { type: 'urn:lakeloop:problem:changed-since', conflicts: [{ key: { id: 1 } }] } });
    expect((await psql.query('select from app.entry where amount <> 0')).rowCount).toBe(0);
  });

  it('refuses rows that the role may not write any more', async () => {
    await psql.query(`${LEFT}; insert into app.secret select i, 'south', case when i = 7 then 'kept' end from generate_series(1, 50) i`);
    const made = await request(`update app.secret set region = 'west'`);
    expect(await undo({ request: made })).toMatchObject({
      status: 409,
      body: { type: 'urn:lakeloop:problem:row-gone', rows: [{ table: 'app.secret', key: { id: 7 } }] },
    });
    expect((await psql.query(`select from app.secret where region <> 'west'`)).rowCount).toBe(0);
  });

  it('is refused whole where one row is hidden from the role', async () => {
    await psql.query(
      `${LEFT}; insert into app.secret select i, 'south', 'n' from generate_series(1, 60) i; update app.secret set region = 'north' where id = 30`,
    );
    const some = await request(`update app.secret set note = 'x' where id <> 30`);
    const all = await request(`update app.secret set note = 'y'`);
    expect(await undo({ request: all })).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:unknown-change' } });
    expect(await undo({ request: some, force: true })).toMatchObject({ status: 200, body: { rows: 59 } });
  });
});

describe('undo across schema edits', () => {
  it('finds columns by their number, leaves those alone that came later, and rows by keys that were renamed', async () => {
    await psql.query(`set role lakeloop_owner; create table app.shape (id integer, part text, amount text, old text, kept text, primary key (id, part)); grant select, insert, update, delete on app.shape to approver;
      select lakeloop.adopt('app.shape'); reset role; insert into app.shape select i, 'p', i::text, 'gone', 'k' from generate_series(1, 240) i`);
    const updated = await request(`update app.shape set amount = '700' where id <= 120`);
    const deleted = await request('delete from app.shape where id > 120');
    await psql.query(`set role lakeloop_owner; alter table app.shape rename amount to total; alter table app.shape alter total type integer using total::integer; alter table app.shape drop old;
      alter table app.shape add fresh integer not null default 5; alter table app.shape rename id to number; alter table app.shape rename to reshaped; reset role`);
    await psql.query(`update app.reshaped set fresh = 6, kept = 'theirs' where number = 73`);
    expect(await undo({ request: updated })).toMatchObject({
      status: 409,
      body: { conflictCount: 1, conflicts: [{ table: 'app.reshaped', key: { number: 73, part: 'p' } }] },
    });
    expect(await undo({ request: updated, force: true })).toMatchObject({
      status: 200,
      body: { rows: 120, actions: expect.arrayContaining([{ table: 'app.reshaped', key: { number: 73, part: 'p' }, action: 'update', columns: ['total'] }]) },
    });
    expect(await undo({ request: deleted })).toMatchObject({ status: 200, body: { rows: 120 } });
    const { rows } = await psql.query('select count(*)::int as n, bool_and(total = number) as back, sum(fresh)::int as fresh from app.reshaped');
    expect(rows).toEqual([{ n: 240, back: true, fresh: 240 * 5 + 1 }]);
  });

  it('says so where a value is none of its column any more', async () => {
    await psql.query(`set role lakeloop_owner; create table app.typed (id integer primary key, amount text); grant select, update on app.typed to approver; select lakeloop.adopt('app.typed'); reset role;
      insert into app.typed select i, 'twelve' from generate_series(1, 20) i`);
    const made = await request(`update app.typed set amount = '12'`);
    await psql.query('set role lakeloop_owner; alter table app.typed alter amount type integer using amount::integer; reset role');
    expect(await undo({ request: made })).toMatchObject({ status: 400, body: { code: '22P02' } });
  });
});

describe('an undo that takes long', () => {
  const aside = { prefer: 'respond-async' };
  async function many(): Promise<string> {
    await psql.query(`${LEFT}; insert into app.entry (id, amount) select i, i from generate_series(1, 100) i`);
    return request('update app.entry set amount = 0');
  }
  const done = async (): Promise<number | null> => (await psql.query('select from app.entry where amount = id')).rowCount;

  it('goes on, and can be looked at until it is done', async () => {
    const made = await many();
    let during: UndoProgress | undefined;
    let id = '';
    beforePage(4, async () => {
      while (during?.rows === undefined || during.rows === 0)
        if (id === '') await psql.query('select');
        else during = (await progressOf(id)).body;
    });
    const begun = await undo({ request: made }, aside);
    id = (begun.body as unknown as UndoProgress).id;
    expect(begun.status).toBe(202);
    expect(begun.headers.get('location')).toBe(`/v1/undo/${id}`);
    expect(await endOf(id)).toMatchObject({
      what: { request: made },
      state: 'done',
      rows: 100,
      total: 100,
      percent: 100,
      report: { applied: true, rows: 100 },
      failure: null,
    });
    expect(during).toMatchObject({ state: 'running', phase: 'write', total: 100, report: null });
    expect(await done()).toBe(100);
    expect((await progressOf(id, 'analyst')).status).toBe(404);
    expect((await progressOf('nonsense')).status).toBe(404);
  });

  it('can be tried', async () => {
    const { body } = await undo({ request: await many(), dryRun: true }, aside);
    expect(await endOf((body as unknown as UndoProgress).id)).toMatchObject({ state: 'done', dryRun: true, report: { applied: false, rows: 100 } });
    expect(await done()).toBe(0);
  });

  it('is cancelled from outside, and nothing is done', async () => {
    const made = await many();
    let id = '';
    beforePage(4, async () => {
      while (id === '' || (await psql.query('select from lakeloop.undo_run where id = $1', [id])).rowCount === 0) await psql.query('select');
      expect((await stand.call<UndoProgress>('POST', `/v1/undo/${id}/cancel`, { role: 'analyst' })).status).toBe(404);
      expect(await stand.call<UndoProgress>('POST', `/v1/undo/${id}/cancel`, { role: 'approver' })).toMatchObject({ status: 202, body: { state: 'running' } });
    });
    id = ((await undo({ request: made }, aside)).body as unknown as UndoProgress).id;
    expect(await endOf(id)).toMatchObject({ state: 'cancelled', failure: null, report: null });
    expect(await done()).toBe(0);
  });

  it('is cancelled while it waits for a lock', async () => {
    const made = await many();
    const other = new pg.Client({ connectionString: stand.database.url });
    await other.connect();
    await other.query('begin; select from app.entry where id = 50 for update');
    const { id } = (await undo({ request: made }, aside)).body as unknown as UndoProgress;
    for (let waits = false; !waits;)
      waits = (await psql.query(`select from pg_stat_activity where wait_event_type = 'Lock' and usename = 'lakeloop_write'`)).rowCount === 1;
    await stand.call('POST', `/v1/undo/${id}/cancel`, { role: 'approver' });
    expect(await endOf(id)).toMatchObject({ state: 'cancelled' });
    await other.end();
    expect(await done()).toBe(0);
  });

  it('has failed, and done nothing, where its connection was killed half-way', async () => {
    const made = await many();
    beforePage(4, async () => {
      const killed = await psql.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'lakeloop_write' and state = 'idle in transaction' and datname = current_database()`,
      );
      expect(killed.rowCount).toBe(1);
    });
    const { id } = (await undo({ request: made }, aside)).body as unknown as UndoProgress;
    expect(await endOf(id)).toMatchObject({ state: 'failed', failure: { status: 503 }, report: null });
    expect(await done()).toBe(0);
  });

  it('has failed where its process is gone', async () => {
    const id = 'b3a1d2c4-0000-4000-8000-000000000001';
    await psql.query(
      `insert into lakeloop.undo_run (id, actor, role, what, dry_run, phase, rows, started_at, told_at) values ('${id}', 'user-of-approver', 'approver', '{"request": "1"}', false, 'write', 5, now(), now() - interval '1 minute')`,
    );
    expect((await progressOf(id)).body).toMatchObject({ state: 'failed', failure: { type: 'urn:lakeloop:problem:interrupted' } });
  });

  it('tells what it was refused for', async () => {
    const made = await many();
    await psql.query(`update app.entry set note = 'theirs' where id = 9`);
    const { id } = (await undo({ request: made }, aside)).body as unknown as UndoProgress;
    expect(await endOf(id)).toMatchObject({ state: 'failed', failure: { status: 409, type: 'urn:lakeloop:problem:changed-since', conflictCount: 1 } });
  });
});
