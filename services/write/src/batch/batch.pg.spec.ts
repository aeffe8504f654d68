import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';

let stand: ApiStand;

beforeAll(async () => {
  stand = await openApi(
    `
    create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner; set role lakeloop_owner;
    create table app.account (id integer primary key, name text not null);
    create table app.entry (id bigint primary key, account_id integer references app.account, amount numeric);
    create table other.note (id integer primary key, text text); create table app.secret (id integer primary key);
    grant usage on schema app, other to analyst; grant select, insert, update, delete on app.account, app.entry, other.note to analyst;
    create table app.shaky (id integer primary key, works_at integer); grant select, insert on app.shaky to analyst; create sequence app.tries;
    create function app.try() returns trigger language plpgsql security definer as $$ begin
      if nextval('app.tries') % new.works_at <> 0 then raise exception 'try again' using errcode = 'serialization_failure'; end if; return new; end $$;
    create trigger try before insert on app.shaky for each row execute function app.try();
    create table app.rival (pid integer primary key); grant update on app.shaky to analyst;
    create function app.meet() returns trigger language plpgsql security definer as $$ begin
      if exists (select from app.rival where pid = pg_backend_pid()) then return null; end if;
      perform pg_advisory_xact_lock(601);
      while exists (select from app.rival where cardinality(pg_blocking_pids(pid)) = 0) loop perform pg_sleep(0.01); end loop; return null; end $$;
    create trigger meet before update on app.shaky for each statement execute function app.meet();
    select lakeloop.adopt('app.account'), lakeloop.adopt('app.entry'), lakeloop.adopt('other.note'); reset role`,
    { config: { WRITE_MAX_BODY_BYTES: 2_000_000 } },
  );
});
afterAll(async () => {
  await stand?.stop();
});

interface Body extends Record<string, unknown> {
  answers: { status: number; headers: Record<string, string>; body: unknown }[];
}

const batch = (requests: unknown, raw?: string): Promise<Reply<Body>> =>
  stand.call<Body>('POST', '/v1/batch', { headers: { 'lakeloop-reason': 'moving house' }, body: raw ?? { requests } });

const count = async (): Promise<unknown> =>
  (
    await stand.database.client.query(
      `select (select count(*)::int from app.account) as accounts, (select count(*)::int from app.entry) as entries, (select count(*)::int from audit.entry) as audited`,
    )
  ).rows[0] as unknown;

describe('a batch', () => {
  it('is one transaction over several tables: each request sees what came before it, all are one change', async () => {
    const { status, body } = await batch([
      { method: 'POST', path: 'account', body: { id: 1, name: 'one' } },
      {
        method: 'POST',
        path: 'entry?select=id,amount',
        headers: { prefer: 'return=representation' },
        body: [
          { id: 10, account_id: 1, amount: 1.5 },
          { id: 11, account_id: 1, amount: 2 },
        ],
      },
      { method: 'PATCH', path: 'entry?id=eq.11', body: { amount: 3 } },
      { method: 'POST', path: 'note', schema: 'other', body: { id: 1, text: 't' } },
      { method: 'GET', path: 'account?select=name,entry(amount)&entry.order=id', headers: { accept: 'application/vnd.pgrst.object+json' } },
      { method: 'DELETE', path: 'entry?id=eq.10', headers: { prefer: 'return=representation' } },
    ]);
    expect([status, body.answers.map((answer) => answer.status)]).toEqual([200, [201, 201, 204, 201, 200, 200]]);
    expect(body.answers.map((answer) => answer.body)).toEqual([
      null,
      [
        { id: 10, amount: 1.5 },
        { id: 11, amount: 2 },
      ],
      null,
      null,
      { name: 'one', entry: [{ amount: 1.5 }, { amount: 3 }] },
      [{ id: 10, account_id: 1, amount: 1.5 }],
    ]);
    const { rows } = await stand.database.client.query(
      `select count(*)::int as entries, count(distinct xid)::int as transactions, min(actor) as actor, min(reason) as reason from audit.entry`,
    );
    expect(rows).toEqual([{ entries: 6, transactions: 1, actor: 'user-of-analyst', reason: 'moving house' }]);
  });

  it('is tried again, all of it, where PostgreSQL undid it because of concurrent work, and a few times only', async () => {
    const requests = (id: number, worksAt: number): unknown[] => [
      { method: 'POST', path: 'account', body: { id, name: 'once' } },
      { method: 'POST', path: 'shaky', body: { id, works_at: worksAt } },
    ];
    expect(await batch(requests(501, 3))).toMatchObject({ status: 200, body: { answers: [{ status: 201 }, { status: 201 }] } });
    expect((await stand.database.client.query('select last_value::int as tries from app.tries')).rows).toEqual([{ tries: 3 }]);
    expect(await batch(requests(502, 1_000))).toMatchObject({ status: 500, body: { index: 1, code: '40001' } });
    expect((await stand.database.client.query('select last_value::int as tries from app.tries')).rows).toEqual([{ tries: 7 }]);
    expect((await stand.database.client.query(`select key ->> 'id' as id from audit.entry where after[2] = 'once'`)).rows).toEqual([{ id: '501' }]);
    await stand.database.client.query('delete from app.account where id = 501');
  });

  it('gives way in a deadlock with what it has done before, and is carried out behind it', async () => {
    const { client, url } = stand.database;
    await client.query(
      `insert into app.account values (601, 'mine'); set session_replication_role = replica; insert into app.shaky values (2, 1); reset session_replication_role`,
    );
    const rival = new pg.Client({ connectionString: url });
    await rival.connect();
    // It is the other one that looks for deadlocks, once it waits too.
    await rival.query(`set deadlock_timeout = '1h'; insert into app.rival values (pg_backend_pid()); begin; update app.shaky set works_at = 2 where id = 2`);
    const asked = batch([
      { method: 'PATCH', path: 'account?id=eq.601', body: { name: 'theirs' } },
      { method: 'PATCH', path: 'shaky?id=eq.2', body: { works_at: 3 } },
    ]);
    for (let met = false; !met;) met = ((await client.query(`select from pg_locks where locktype = 'advisory' and objid = 601`)).rowCount ?? 0) > 0;
    await rival.query(`update app.account set name = 'rival' where id = 601; delete from app.rival; commit`);
    await rival.end();
    expect((await asked).status).toBe(200);
    expect((await client.query(`select name, works_at from app.account, app.shaky where account.id = 601 and shaky.id = 2`)).rows).toEqual([
      { name: 'theirs', works_at: 3 },
    ]);
    await client.query('delete from app.account where id = 601');
  });

  it.each([
    ['a constraint', { method: 'POST', path: 'entry', body: { id: 20, account_id: 99 } }, 409, '23503'],
    ['a grant', { method: 'GET', path: 'secret' }, 403, '42501'],
    ['a table', { method: 'GET', path: 'nowhere' }, 404, 'PGRST205'],
    ['a filter', { method: 'DELETE', path: 'entry?id=nope.1' }, 400, 'PGRST100'],
    ['a row version', { method: 'PATCH', path: 'account?id=eq.50', headers: { 'if-match': '"1"' }, body: { name: 'x' } }, 412, undefined],
  ])('keeps nothing when one is refused: %s', async (_title, request, status, code) => {
    const before = await count();
    const refused = await batch([
      { method: 'POST', path: 'account', body: { id: 50, name: 'never' } },
      request,
      { method: 'POST', path: 'account', body: { id: 51, name: 'never' } },
    ]);
    expect(refused).toMatchObject({ status, body: { type: 'urn:lakeloop:problem:batch-refused', index: 1, ...(code === undefined ? {} : { code }) } });
    expect(await count()).toEqual(before);
  });

  it('runs each request under settings of its own: another schema, or time zone, is not left to the next', async () => {
    await stand.database.client.query(`set role lakeloop_owner; create table app.seen (name text); grant insert on app.seen to analyst;
      create function app.see() returns trigger language plpgsql as $$ begin insert into seen values (new.name || ' ' || current_setting('timezone')); return new; end $$;
      create trigger see after insert on app.account for each row execute function app.see(); reset role`);
    const zone = (await stand.database.client.query<{ zone: string }>(`select reset_val as zone from pg_settings where name = 'TimeZone'`)).rows[0]?.zone;
    const { status } = await batch([
      { method: 'GET', path: 'note', schema: 'other', headers: { prefer: 'timezone=America/Los_Angeles' } },
      { method: 'POST', path: 'account', body: { id: 70, name: 'after' } },
    ]);
    expect([status, (await stand.database.client.query('select name from app.seen')).rows]).toEqual([200, [{ name: `after ${zone}` }]]);
    await stand.database.client.query('drop trigger see on app.account');
  });

  it('reads 10,000 rows at a time at most, since it answers whole', async () => {
    await stand.database.client.query(`insert into other.note select i, 't' from generate_series(1000, 11200) i; `);
    const { status, body } = await batch([{ method: 'GET', path: 'note?id=gte.1000&order=id', schema: 'other' }]);
    const [answer] = body.answers;
    expect([status, ((answer?.body ?? []) as unknown[]).length, answer?.headers['content-range']]).toEqual([200, 10_000, '0-9999/*']);
    await stand.database.client.query('delete from other.note where id >= 1000');
  });

  it('keeps the digits of numbers, and takes what it can and no more', async () => {
    await batch(undefined, '{"requests": [{"method": "POST", "path": "entry", "body": {"id": 9007199254740993, "amount": 0.1000000000000000000001}}]}');
    const { rows } = await stand.database.client.query(`select amount::text from app.entry where id = 9007199254740993`);
    expect(rows).toEqual([{ amount: '0.1000000000000000000001' }]);
    for (const requests of [
      [],
      [{ method: 'TRACE', path: 'a' }],
      [{ method: 'GET', path: '' }],
      [{ method: 'GET', path: 'a', surprise: 1 }],
      [{ method: 'GET', path: 'account', headers: { authorization: 'x' } }],
      5,
    ])
      expect((await batch(requests)).status).toBe(400);
    expect((await batch(undefined, '{')).status).toBe(400);
    expect((await batch([{ method: 'GET', path: 'account', headers: { prefer: 'tx=rollback' } }])).status).toBe(200);
    expect((await fetch(`${stand.service.url}/v1/batch`, { method: 'POST', body: '{}' })).status).toBe(401);
    expect(
      (await batch(undefined, JSON.stringify({ requests: [{ method: 'POST', path: 'account', body: { id: 1, name: 'x'.repeat(2_100_000) } }] }))).status,
    ).toBe(413);
  });
});

describe('a batch under an idempotency key', () => {
  const moving = [
    { method: 'POST', path: 'account', headers: { prefer: 'return=representation' }, body: { id: 180, name: 'seventy' } },
    { method: 'PATCH', path: 'account?id=eq.180', body: { name: 'again' } },
  ];
  const keyed = (key: string, requests: unknown): Promise<Reply<Body>> =>
    stand.call<Body>('POST', '/v1/batch', { headers: { 'idempotency-key': key }, body: { requests } });

  it('is carried out once, however often it comes, and a repeat is told so', async () => {
    const replies = await Promise.all([1, 2, 3].map(() => keyed('b1', moving)));
    const first = replies.filter(({ headers }) => headers.get('idempotent-replayed') === null);
    expect(first.map(({ body }) => body.answers)).toMatchObject([[{ status: 201, body: [{ id: 180 }] }, { status: 204 }]]);
    const again = [...replies.filter((reply) => !first.includes(reply)), await keyed('b1', moving)];
    for (const { status, body } of again)
      expect([status, body]).toEqual([200, { answers: [201, 204].map((each) => ({ status: each, headers: {}, body: null })) }]);
    const { rows } = await stand.database.client.query(`select operation from audit.entry where key = '{"id": 180}' and table_name = 'account' order by id`);
    expect(rows).toEqual([{ operation: 'insert' }, { operation: 'update' }]);
  });

  it('is 422 for another batch, and leaves the key free when it was refused', async () => {
    expect(await keyed('b1', moving.slice(1))).toMatchObject({ status: 422 });
    const bad = [{ method: 'POST', path: 'entry', body: { id: 181, account_id: 999 } }];
    expect((await keyed('b2', bad)).status).toBe(409);
    expect((await keyed('b2', [{ method: 'POST', path: 'account', body: { id: 181, name: 'free' } }])).status).toBe(200);
    expect(await keyed('ü', moving)).toMatchObject({ status: 400 });
  });
});

describe('changes of many rows in a batch', () => {
  const set = async (rows: string): Promise<unknown> => stand.database.client.query(`insert into app.entry (id, amount) ${rows}`);
  const amounts = async (from: number, to: number): Promise<unknown[]> =>
    (await stand.database.client.query(`select id::int, amount::text from app.entry where id between ${from} and ${to} order by id`)).rows as unknown[];

  it('go to each row by its key, as they are written, are one change, and see what came before', async () => {
    await set('select i, i from generate_series(1001, 6000) i');
    const changes = Array.from({ length: 5_000 }, (_, index) => ({ key: { id: 1_001 + index }, was: { amount: 1_001 + index }, set: { amount: index } }));
    const text = JSON.stringify({ requests: [{ method: 'PATCH', path: 'entry', changes }] }).replace(
      '"set":{"amount":0}',
      '"set":{"amount":0.10000000000000000000001}',
    );
    expect(await batch(undefined, text)).toMatchObject({ status: 200, body: { answers: [{ status: 204 }] } });
    expect(await amounts(1_001, 1_002)).toEqual([
      { id: 1_001, amount: '0.10000000000000000000001' },
      { id: 1_002, amount: '1' },
    ]);
    const { body } = await stand.call<{ changes: { request: string; reason: string }[] }>('GET', '/v1/history/entry?key=1001');
    expect(body.changes[0]).toMatchObject({ operation: 'update', reason: 'moving house' });
    expect(await stand.call('POST', '/v1/undo', { body: { request: body.changes[0]?.request } })).toMatchObject({ status: 200, body: { rows: 5_000 } });
    expect(await amounts(1_001, 1_001)).toEqual([{ id: 1_001, amount: '1001' }]);
  });

  it('keep nothing, and name the change, where a row is not what it was seen as, is gone, or is refused', async () => {
    await set('select i, i from generate_series(7001, 7040) i');
    const before = await amounts(7_001, 7_040);
    const changes = (more: (id: number) => object): object[] =>
      Array.from({ length: 40 }, (_, index) => ({ key: { id: 7_001 + index }, set: { amount: 1 }, ...more(7_001 + index) }));
    const tried = (more: (id: number) => object): Promise<Reply<Body>> =>
      batch([
        { method: 'POST', path: 'account', body: { id: 77, name: 'kept only with the rest' } },
        { method: 'PATCH', path: 'entry', changes: changes(more) },
      ]);
    const seen = (id: number): object => (id === 7_023 ? { was: { amount: 1 } } : { was: { amount: id } });
    expect(await tried(seen)).toMatchObject({ status: 412, body: { type: 'urn:lakeloop:problem:changed-since', index: 1, change: 22, key: { id: 7_023 } } });
    expect(await tried((id) => (id === 7_005 ? { key: { id: -1 } } : {}))).toMatchObject({ status: 412, body: { change: 4 } });
    expect(await tried((id) => (id === 7_037 ? { set: { amount: 'much' } } : {}))).toMatchObject({
      status: 400,
      body: { code: '22P02', index: 1, change: 36 },
    });
    expect(await tried((id) => ({ set: { account_id: id === 7_011 ? 404 : null } }))).toMatchObject({ status: 409, body: { code: '23503', change: 10 } });
    expect(await tried(() => ({ set: { nowhere: 1 } }))).toMatchObject({ status: 400, body: { code: 'PGRST204' } });
    expect(await amounts(7_001, 7_040)).toEqual(before);
    expect((await stand.call<unknown[]>('GET', '/rest/v1/account?id=eq.77')).body).toEqual([]);
  });

  it('take nothing that is no change, and no right that the caller has not', async () => {
    const change = { key: { id: 1 }, set: { name: 'x' } };
    for (const wrong of [
      { path: 'account?id=eq.1' },
      { method: 'POST' },
      { body: {} },
      { changes: [{ key: {}, set: { name: 'x' } }] },
      { changes: [{ key: { id: 1 }, set: {} }] },
    ])
      expect((await batch([{ method: 'PATCH', path: 'account', changes: [change], ...wrong }])).status).toBe(400);
    expect(await batch([{ method: 'PATCH', path: 'secret', changes: [{ key: { id: 1 }, set: { id: 2 } }] }])).toMatchObject({
      status: 403,
      body: { code: '42501' },
    });
  });
});
