import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { HistoryPage, RowChange, UndoReport } from '#contracts/http/history';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';
import { signToken } from '../testing/write-app.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openApi(`
    create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    set role lakeloop_owner;
    create table app.account (id bigint primary key, name text not null);
    create table app.entry (
      id bigint generated always as identity primary key, account_id bigint references app.account on delete cascade, amount numeric(14, 2) not null, region text not null default 'north',
      note text, secret text, tags text[], document jsonb, doubled numeric generated always as (amount * 2) stored);
    create table app.visit (place text, at timestamptz, guests integer, primary key (place, at));
    create table app.i (i integer primary key, image text);
    alter table app.entry enable row level security;
    create policy all_of_it on app.entry to approver using (true) with check (true);
    create policy by_region on app.entry to analyst using (region = (select lakeloop.claim('region')) and exists (select from app.account a where a.id = entry.account_id)) with check (true);
    grant usage on schema app to analyst, approver, sales;
    grant select, insert, update, delete on all tables in schema app to approver;
    grant select on app.account to analyst;
    grant select (id, account_id, amount, region, note), insert (id, account_id, amount, region, note), update (amount, region, note), delete on app.entry to analyst;
    select lakeloop.adopt('app.account'), lakeloop.adopt('app.entry'), lakeloop.adopt('app.visit'), lakeloop.adopt('app.i');
    insert into app.account values (1, 'one'), (2, 'two');
    reset role`);
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

type Answer<T> = Reply<T>;

function call<T>(
  role: string,
  path: string,
  body?: unknown,
  { method = body === undefined ? 'GET' : 'POST', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer<T>> {
  return stand.call<T>(method, path, { role, headers, claims: { region: 'north' }, ...(body === undefined ? {} : { body }) });
}

const write = (role: string, path: string, body: unknown, method = 'POST', headers: Record<string, string> = {}): Promise<Answer<Record<string, unknown>[]>> =>
  call(role, `/rest/v1/${path}`, body, { method, headers: { prefer: 'return=representation', ...headers } });

async function insert(row: Record<string, unknown>, role = 'approver'): Promise<number> {
  const { status, body, text } = await write(role, 'entry?select=id', row);
  if (status !== 201) throw new Error(text);
  return body[0]?.['id'] as number;
}

async function history(role: string, table: string, query = ''): Promise<RowChange[]> {
  const { status, body, text } = await call<HistoryPage>(role, `/v1/history/${table}${query}`);
  if (status !== 200) throw new Error(text);
  return body.changes;
}

const entry = async (id: number): Promise<Record<string, unknown> | undefined> =>
  (await psql.query<Record<string, unknown>>('select account_id::int, amount::text, region, note, secret, tags, document from app.entry where id = $1', [id]))
    .rows[0];

describe('history of a row', () => {
  it('tells who changed what, when and why, newest first, whoever wrote', async () => {
    const id = await insert({ account_id: 1, amount: '12345678901.50', note: 'first' });
    await write('approver', `entry?id=eq.${id}`, { note: 'second' }, 'PATCH', { 'lakeloop-reason': 'checked', 'x-request-id': 'req-1' });
    await psql.query('update app.entry set amount = amount + 1 where id = $1', [id]);
    const [third, second, first] = await history('approver', 'entry', `?key=${id}`);
    expect(first).toMatchObject({ operation: 'insert', actor: 'user-of-approver', role: 'approver', key: { id }, before: null, changed: [], verified: true });
    expect(first?.after).toMatchObject({ id, account_id: 1, note: 'first', region: 'north', doubled: 24691357803 });
    expect(second).toMatchObject({
      operation: 'update',
      changed: ['note'],
      reason: 'checked',
      requestId: 'req-1',
      before: { note: 'first' },
      after: { note: 'second' },
    });
    expect(third).toMatchObject({ operation: 'update', actor: 'postgres', changed: ['amount', 'doubled'], requestId: null });
    expect(Date.parse(third?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(second?.at ?? ''));
    expect((await call('approver', `/v1/history/entry?key=${id}&limit=1`)).text).toContain('"amount":12345678902.50');
  });

  it('comes in pages', async () => {
    const id = await insert({ account_id: 1, amount: 1 });
    for (const note of ['a', 'b', 'c']) await write('approver', `entry?id=eq.${id}`, { note }, 'PATCH');
    const first = await call<HistoryPage>('approver', `/v1/history/entry?key=${id}&limit=3`);
    expect(first.body.changes.map(({ after }) => after?.['note'])).toEqual(['c', 'b', 'a']);
    const second = await call<HistoryPage>('approver', `/v1/history/entry?key=${id}&limit=3&before=${first.body.next}`);
    expect(second.body.changes.map(({ operation }) => operation)).toEqual(['insert']);
    expect(second.body.next).toBeNull();
  });

  it('finds keys of several columns, however they are spelled, and tables called anything', async () => {
    await psql.query(`insert into app.visit values ('a "b"', '2026-01-01T10:00:00+02', 3); insert into app.i values (7, 'x')`);
    for (const at of ['2026-01-01T08:00:00Z', '2026-01-01 09:00:00+01']) {
      const key = encodeURIComponent(JSON.stringify({ at, place: 'a "b"' }));
      expect(await history('approver', 'visit', `?key=${key}`)).toMatchObject([{ after: { guests: 3 } }]);
    }
    expect(await history('approver', 'i', '?key=7')).toMatchObject([{ after: { i: 7, image: 'x' } }]);
    expect(await call('approver', '/v1/history/visit?key=5')).toMatchObject({ status: 400, body: { hint: 'key={"place":…,"at":…}' } });
    expect(await call('approver', '/v1/history/entry?key=five')).toMatchObject({ status: 400, body: { code: '22P02' } });
  });

  it('goes on over renamed, added, dropped and retyped columns', async () => {
    await psql.query(`set role lakeloop_owner; create table app.evolving (id integer primary key, amount text, old text, kept text); grant select on app.evolving to approver;
      grant select (id, amount) on app.evolving to analyst; select lakeloop.adopt('app.evolving'); reset role;
      insert into app.evolving values (1, 'twelve', 'gone {"}', 'k'), (2, '13', null, null);
      set role lakeloop_owner; update app.evolving set amount = '14' where id = 1; alter table app.evolving alter amount type integer using amount::integer; alter table app.evolving drop old;
      alter table app.evolving add fresh integer default 5; alter table app.evolving rename to evolved; reset role`);
    const changes = await history('approver', 'evolved', '?key=1');
    expect(changes.map(({ after }) => after)).toEqual([
      { id: 1, amount: 14, kept: 'k', fresh: null, old: 'gone {"}' },
      { id: 1, amount: 'twelve', kept: 'k', fresh: null, old: 'gone {"}' },
    ]);
    expect((await history('analyst', 'evolved', '?key=1')).map(({ after }) => after)).toEqual([
      { id: 1, amount: 14 },
      { id: 1, amount: 'twelve' },
    ]);
  });
});

describe('what a caller may see of it', () => {
  it('is what the role may see of the table: columns by grants, images by its policies, sub-selects and claims included', async () => {
    const id = await insert({ account_id: 1, amount: 1, region: 'north', secret: 's3cret' });
    await psql.query(`update app.entry set region = 'south', note = 'while south' where id = $1`, [id]);
    await psql.query(`update app.entry set region = 'north', note = 'back' where id = $1`, [id]);
    const seen = await history('analyst', 'entry', `?key=${id}`);
    expect(seen.map(({ before, after }) => [before?.['region'] ?? null, after?.['region'] ?? null])).toEqual([
      [null, 'north'],
      ['north', null],
      [null, 'north'],
    ]);
    expect(JSON.stringify(seen)).not.toMatch(/s3cret|secret|while south/);
    await psql.query(`update app.entry set account_id = null where id = $1`, [id]);
    expect((await history('analyst', 'entry', `?key=${id}&limit=1`))[0]).toMatchObject({ after: null, before: { note: 'back' }, changed: [] });
  });

  it('outlives the row, and is nothing for a role that may not read the table', async () => {
    const id = await insert({ account_id: 1, amount: 1, region: 'north' });
    await psql.query('delete from app.entry where id = $1', [id]);
    expect(await history('analyst', 'entry', `?key=${id}`)).toMatchObject([{ operation: 'delete', after: null, before: { id } }, { operation: 'insert' }]);
    for (const [role, table] of [
      ['sales', 'entry'],
      ['approver', 'absent'],
      ['approver', 'entry?schema=audit'],
    ] as const)
      expect(await call(role, `/v1/history/${table}`)).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:unknown-table' } });
    expect((await fetch(`${stand.service.url}/v1/history/entry`)).status).toBe(401);
  });
});

describe('an agent', () => {
  it('is on record before it sees any history', async () => {
    const id = await insert({ account_id: 1, amount: 1 });
    const token = await signToken('approver', { act: { sub: 'bot' } });
    const answer = await fetch(`${stand.service.url}/v1/history/entry?key=${id}`, { headers: { authorization: `Bearer ${token}`, 'x-request-id': 'agent-1' } });
    const body = Buffer.from(await answer.arrayBuffer());
    const { rows } = await psql.query(`select table_name, query, rows::int, result_hash from audit.agent_read where request_id = 'agent-1'`);
    expect(rows).toEqual([{ table_name: 'entry', query: 'history?key=?', rows: 1, result_hash: createHash('sha256').update(body).digest() }]);
  });
});

describe('undo', () => {
  const undo = (body: Record<string, unknown>, role = 'approver'): Promise<Answer<UndoReport & { conflicts: unknown[] }>> => call(role, '/v1/undo', body);
  const newest = async (id: number): Promise<RowChange> => (await history('approver', 'entry', `?key=${id}&limit=1`))[0] as RowChange;

  it('takes a change back as a new audited write: values of every type return exactly', async () => {
    const id = await insert({ account_id: 1, amount: '1.10', tags: ['a,b', 'c"d'], document: { b: 1, a: [2] }, secret: 's' });
    const before = await entry(id);
    await psql.query(`update app.entry set amount = 2, tags = null, document = '{}', note = 'n' where id = $1`, [id]);
    const change = await newest(id);
    expect(await undo({ change: change.id, dryRun: true })).toMatchObject({
      status: 200,
      body: { applied: false, rows: 1, actions: [{ table: 'app.entry', key: { id }, action: 'update', columns: ['amount', 'note', 'tags', 'document'] }] },
    });
    expect(await entry(id)).not.toEqual(before);
    expect(await undo({ change: change.id })).toMatchObject({ status: 200, body: { applied: true } });
    expect(await entry(id)).toEqual(before);
    expect(await newest(id)).toMatchObject({
      actor: 'user-of-approver',
      reason: `undo of change ${change.id}`,
      changed: ['amount', 'note', 'tags', 'document', 'doubled'],
    });
  });

  it('brings back a deleted row with its key, and removes an inserted one', async () => {
    const id = await insert({ account_id: 1, amount: 5, secret: 'kept' });
    const inserted = await newest(id);
    const row = await entry(id);
    await write('approver', `entry?id=eq.${id}`, undefined, 'DELETE');
    expect(await undo({ change: (await newest(id)).id })).toMatchObject({ status: 200 });
    expect(await entry(id)).toEqual(row);
    expect(await undo({ change: inserted.id })).toMatchObject({ status: 409 });
    expect(await undo({ change: inserted.id, force: true })).toMatchObject({ status: 200, body: { actions: [{ action: 'delete' }] } });
    expect(await entry(id)).toBeUndefined();
  });

  it('takes all of a request back, rows that refer to others in the right order', async () => {
    await psql.query(`insert into app.account values (50, 'parent'); insert into app.entry (account_id, amount) select 50, i from generate_series(1, 30) i`);
    await write('approver', 'account?id=eq.50', undefined, 'DELETE');
    const [gone] = await history('approver', 'account', '?key=50&limit=1');
    const cascade = await undo({ request: gone?.request });
    expect(cascade).toMatchObject({ status: 200, body: { rows: 31 } });
    expect((await psql.query('select count(*)::int as n, sum(amount)::int as sum from app.entry where account_id = 50')).rows).toEqual([{ n: 30, sum: 465 }]);
    const again = (await history('approver', 'account', '?key=50&limit=1'))[0]?.request;
    expect(await undo({ request: again })).toMatchObject({ status: 200, body: { rows: 31 } });
    expect((await psql.query('select from app.account where id = 50')).rowCount).toBe(0);
  });

  it('takes back one change of a bulk insert, and then all of it, each row found by its key', async () => {
    const many = Array.from({ length: 1_200 }, (_, index) => ({ id: 5_000 + index, name: `bulk ${index}` }));
    expect((await call('approver', '/rest/v1/account', many)).status).toBe(201);
    const [one] = await history('approver', 'account', '?key=6100');
    expect(one).toMatchObject({ operation: 'insert', key: { id: 6_100 }, before: null, after: { id: 6_100, name: 'bulk 1100' } });
    const page = await history('approver', 'account', '?limit=500');
    expect(page.map(({ key }) => key?.['id'])).toEqual(Array.from({ length: 500 }, (_, index) => 6_199 - index));
    const next = await history('approver', 'account', `?limit=3&before=${page.at(-1)?.id}`);
    expect(next.map(({ key }) => key?.['id'])).toEqual([5_699, 5_698, 5_697]);
    expect((await call<UndoReport>('approver', '/v1/undo', { change: one?.id })).body).toMatchObject({ applied: true, rows: 1 });
    await psql.query(`insert into app.account values (6100, 'bulk 1100'); update app.account set name = 'other' where id = 6101`);
    expect((await call('approver', '/v1/undo', { request: one?.request })).status).toBe(409);
    expect((await call<UndoReport>('approver', '/v1/undo', { request: one?.request, force: true })).status).toBe(200);
    const { rows } = await psql.query('select id::int from app.account where id >= 5000');
    expect(rows).toEqual([]);
  });

  it('undoes a truncate', async () => {
    await psql.query(`insert into app.i select i, 'text ' || i from generate_series(100, 104) i`);
    await psql.query('truncate app.i');
    const [emptied, removed] = await history('approver', 'i', '?limit=2');
    expect(emptied).toMatchObject({ operation: 'truncate', key: null, before: null, after: null });
    expect(await undo({ request: removed?.request })).toMatchObject({ status: 200 });
    expect((await psql.query(`select count(*)::int as n from app.i where image like 'text %'`)).rows).toEqual([{ n: 5 }]);
  });

  it('refuses what somebody changed since, names it, and when forced keeps the rest', async () => {
    const id = await insert({ account_id: 1, amount: 1, note: 'a' });
    await write('approver', `entry?id=eq.${id}`, { amount: 2 }, 'PATCH');
    const mine = await newest(id);
    await psql.query(`update app.entry set note = 'theirs', amount = 3 where id = $1`, [id]);
    const theirs = await newest(id);
    expect(await undo({ change: mine.id })).toMatchObject({
      status: 409,
      body: { type: 'urn:lakeloop:problem:changed-since', conflicts: [{ change: theirs.id, actor: 'postgres', key: { id } }] },
    });
    expect(await entry(id)).toMatchObject({ amount: '3.00', note: 'theirs' });
    expect(await undo({ change: mine.id, force: true })).toMatchObject({ status: 200 });
    expect(await entry(id)).toMatchObject({ amount: '1.00', note: 'theirs' });
  });

  it('sees a change that was under way when it looked', async () => {
    const id = await insert({ account_id: 1, amount: 1, note: 'a' });
    await write('approver', `entry?id=eq.${id}`, { note: 'b' }, 'PATCH');
    const change = await newest(id);
    const other = new pg.Client({ connectionString: stand.database.url });
    await other.connect();
    await other.query('begin');
    await other.query(`update app.entry set amount = 9 where id = $1`, [id]);
    const undone = undo({ change: change.id });
    for (let waiting = false; !waiting;)
      waiting = (await psql.query(`select from pg_stat_activity where wait_event_type = 'Lock' and usename = 'lakeloop_write'`)).rowCount === 1;
    await other.query('commit');
    await other.end();
    expect(await undone).toMatchObject({ status: 409, body: { type: 'urn:lakeloop:problem:changed-since' } });
    expect(await entry(id)).toMatchObject({ amount: '9.00', note: 'b' });
  });

  it('asks the role: no grant, no sight, no undo', async () => {
    const id = await insert({ account_id: 1, amount: 1, region: 'south' });
    const hidden = await newest(id);
    expect(await undo({ change: hidden.id }, 'analyst')).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:unknown-change' } });
    const account = (await history('approver', 'account', '?key=1&limit=1'))[0];
    expect(await undo({ change: account?.id, force: true }, 'analyst')).toMatchObject({ status: 403, body: { code: '42501' } });
    expect(await undo({ change: '999999999' })).toMatchObject({ status: 404 });
    for (const body of [{}, { change: '1', request: '2' }, { change: 'x' }, { change: '1', dryRun: 'yes' }, { trace: 'zz' }])
      expect((await undo(body)).status).toBe(400);
  });

  it('restores a version, and refuses one that is no longer what was looked at', async () => {
    const id = await insert({ account_id: 1, amount: 1, note: 'first' });
    const first = await newest(id);
    await write('approver', `entry?id=eq.${id}`, { note: 'second', amount: 2 }, 'PATCH');
    const second = await newest(id);
    await psql.query('delete from app.entry where id = $1', [id]);
    const restore = (body: Record<string, unknown>): Promise<Answer<UndoReport>> => call('approver', '/v1/history/entry/restore', { key: String(id), ...body });
    expect(await restore({ change: second.id, latest: second.id })).toMatchObject({ status: 409 });
    expect(await restore({ change: second.id })).toMatchObject({ status: 200, body: { actions: [{ action: 'insert' }] } });
    expect(await entry(id)).toMatchObject({ note: 'second', amount: '2.00' });
    expect(await restore({ change: first.id, latest: (await newest(id)).id })).toMatchObject({
      status: 200,
      body: { actions: [{ action: 'update', columns: ['amount', 'note'] }] },
    });
    expect(await entry(id)).toMatchObject({ note: 'first', amount: '1.00' });
    expect(await restore({ change: '1' })).toMatchObject({ status: 404 });
  });
});
