import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestDatabase } from '#libs/testing/postgres';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from '../testing/write-app.ts';

const SCHEMA = `
  create schema app; create schema other;
  create table app.notes (id integer primary key, text text, seen integer not null default 0);
  create table app.pairs (a integer, b text, note text, primary key (a, b));
  create function app.work() returns trigger language plpgsql as $$
  begin
    while new.b = 'busy' and not pg_try_advisory_xact_lock(77) loop perform pg_sleep(0.01); end loop;
    return new;
  end $$;
  create trigger work before insert on app.pairs for each row execute function app.work();
  create table app.owned (id integer primary key, owner text);
  alter table app.owned enable row level security;
  create policy mine on app.owned to analyst using (owner = lakeloop.claim('team')) with check (owner = lakeloop.claim('team'));
  grant usage on schema app to analyst, approver;
  grant select, insert, update, delete on all tables in schema app to analyst;
  grant select, insert, update on app.notes to approver;
`;

let database: TestDatabase & { writeUrl: string };
let service: WriteApp;

interface Call {
  role?: string;
  claims?: Record<string, unknown>;
  headers?: Record<string, string>;
  body?: unknown;
}
interface Reply {
  status: number;
  headers: Headers;
  body: unknown;
}

async function send(method: string, path: string, { role = 'analyst', claims = {}, headers = {}, body }: Call = {}): Promise<Reply> {
  const response = await fetch(`${service.url}/rest/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${await service.token(role, claims)}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

const etag = (reply: Reply): string => reply.headers.get('etag') ?? 'none';

beforeAll(async () => {
  database = await governedDatabase();
  await database.client.query(SCHEMA);
  await database.client.query(`select lakeloop.adopt('app.notes')`);
  service = await startWriteApp(database.writeUrl);
  await untilReady(service.url);
});

afterAll(async () => {
  await service.stop();
  await database.drop();
});

describe('If-Match', () => {
  it('lets the holder of the newest version write, and tells everybody else', async () => {
    const created = await send('POST', 'notes', { body: { id: 1, text: 'a' } });
    const read = await send('GET', 'notes?id=eq.1');
    expect(etag(read)).toBe(etag(created));
    const updated = await send('PATCH', 'notes?id=eq.1', { body: { text: 'b' }, headers: { 'if-match': etag(read) } });
    expect([updated.status, etag(updated) === etag(read)]).toEqual([204, false]);
    const stale = await send('PATCH', 'notes?id=eq.1', { body: { text: 'c' }, headers: { 'if-match': etag(read) } });
    expect([stale.status, stale.body]).toMatchObject([412, { code: 'PGRST129' }]);
    expect((await send('DELETE', 'notes?id=eq.1', { headers: { 'if-match': etag(read) } })).status).toBe(412);
    expect((await send('GET', 'notes?id=eq.1')).body).toEqual([{ id: 1, text: 'b', seen: 0 }]);
    expect((await send('DELETE', 'notes?id=eq.1', { headers: { 'if-match': `"0", ${etag(updated)}` } })).status).toBe(204);
  });

  it('makes one of two that write at once win', async () => {
    const created = await send('POST', 'notes', { body: { id: 2, text: 'a' } });
    const replies = await Promise.all(
      ['x', 'y', 'z'].map((text) => send('PATCH', 'notes?id=eq.2', { body: { text }, headers: { 'if-match': etag(created) } })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([204, 412, 412]);
  });

  it('needs a single row by its key, and a well-formed tag', async () => {
    for (const path of ['notes', 'notes?text=eq.a', 'pairs?a=eq.1', 'notes?id=not.eq.1', 'notes?id=in.(1,2)', 'notes?or=(id.eq.1,id.eq.2)'])
      expect([path, (await send('PATCH', path, { body: { text: 'c', note: 'c' }, headers: { 'if-match': '"1"' } })).status]).toEqual([path, 400]);
    expect((await send('POST', 'notes', { body: { id: 99 }, headers: { 'if-match': '"1"' } })).status).toBe(400);
    expect((await send('PATCH', 'notes?id=eq.2', { body: { text: 'c' }, headers: { 'if-match': 'unquoted' } })).status).toBe(400);
    expect((await send('PATCH', 'notes?id=eq.2', { body: { text: 'c' }, headers: { 'if-match': 'W/"1"' } })).status).toBe(412);
    expect((await send('PATCH', 'notes?id=eq.404', { body: { text: 'c' }, headers: { 'if-match': '*' } })).status).toBe(412);
    expect((await send('PATCH', 'notes?id=eq.2', { body: { text: 'c' }, headers: { 'if-match': '*' } })).status).toBe(204);
  });
});

describe('Idempotency-Key', () => {
  const keyed = (key: string, more: Record<string, string> = {}): Record<string, string> => ({
    'idempotency-key': key,
    prefer: 'return=representation',
    ...more,
  });

  it('gives a repeat the same answer and does the work once', async () => {
    const call = { body: { id: 10, text: 'once' }, headers: keyed('k1') };
    const [first, again] = [await send('POST', 'notes', call), await send('POST', 'notes', call)];
    expect([first.status, first.body]).toEqual([201, [{ id: 10, text: 'once', seen: 0 }]]);
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([201, first.body, 'true']);
    const { rows } = await database.client.query(`select count(*)::int from audit.entry where table_name = 'notes' and key = '{"id":10}'`);
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('reads a repeat again as the rows are today', async () => {
    const call = {
      body: [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
      headers: keyed('k2'),
    };
    await send('POST', 'pairs?select=a,note', call);
    await send('PATCH', 'pairs?a=eq.2', { body: { note: 'later' } });
    const again = await send('POST', 'pairs?select=a,note', call);
    expect((again.body as { a: number }[]).sort((one, two) => one.a - two.a)).toEqual([
      { a: 1, note: null },
      { a: 2, note: 'later' },
    ]);
  });

  it('counts an increment once however often it is sent at once', async () => {
    await send('POST', 'notes', { body: { id: 11, text: 'n' } });
    const update = { body: { seen: 1 }, headers: { 'idempotency-key': 'k3' } };
    const replies = await Promise.all(Array.from({ length: 6 }, () => send('PATCH', 'notes?id=eq.11&seen=eq.0', update)));
    expect(replies.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204, 204]);
    expect(replies.filter(({ headers }) => headers.get('idempotent-replayed')).length).toBe(5);
  });

  it.each([
    ['body', 'notes', { body: { id: 20, text: 'other' } }],
    ['query', 'notes?select=id', { body: { id: 20, text: 'same' } }],
    ['Prefer', 'notes', { body: { id: 20, text: 'same' }, headers: { 'idempotency-key': 'k4', prefer: 'return=minimal' } }],
  ])('refuses a key that comes back with another %s', async (_what, path, call) => {
    await send('POST', 'notes', { body: { id: 20, text: 'same' }, headers: keyed('k4') });
    expect(await send('POST', path, { headers: keyed('k4'), ...call })).toMatchObject({ status: 422, body: { code: 'PGRST130' } });
  });

  it('belongs to its principal, method and table', async () => {
    await send('POST', 'notes', { body: { id: 30 }, headers: keyed('k5') });
    expect((await send('POST', 'notes', { role: 'approver', body: { id: 31 }, headers: keyed('k5') })).status).toBe(201);
    expect((await send('POST', 'pairs', { body: { a: 30, b: 'p' }, headers: keyed('k5') })).status).toBe(201);
    expect((await send('PATCH', 'notes?id=eq.30', { body: { text: 'p' }, headers: keyed('k5') })).status).toBe(200);
  });

  it('keeps nothing of a request that failed', async () => {
    expect((await send('POST', 'notes', { body: { id: 10 }, headers: keyed('k6') })).status).toBe(409);
    expect((await send('PATCH', 'notes?id=eq.10', { body: { seen: 2 }, headers: keyed('k6', { 'if-match': '"1"' }) })).status).toBe(412);
    expect((await send('POST', 'notes', { body: { id: 40 }, headers: keyed('k6') })).status).toBe(201);
    expect((await send('PATCH', 'notes?id=eq.10', { body: { seen: 2 }, headers: keyed('k6') })).status).toBe(200);
  });

  it('tells a twin of a request that is still running to wait', async () => {
    // The first write works until the test lets go; it waits for no lock, which has a timeout of its own.
    await database.client.query('select pg_advisory_lock(77)');
    const call = { body: { a: 50, b: 'busy' }, headers: keyed('k7') };
    const first = send('POST', 'pairs', call);
    await untilWaiting("wait_event = 'PgSleep'");
    const twin = await send('POST', 'pairs', call);
    expect([twin.status, twin.headers.get('retry-after'), twin.body]).toMatchObject([409, '1', { code: 'PGRST132' }]);
    await database.client.query('select pg_advisory_unlock(77)');
    expect((await first).status).toBe(201);
  });
});

async function untilWaiting(condition: string): Promise<void> {
  const waiting = `select count(*)::int as count from pg_stat_activity where datname = current_database() and ${condition}`;
  for (let count = 0; count === 0;) count = (await database.client.query<{ count: number }>(waiting)).rows[0]?.count ?? 0;
}

describe('grants and row-level security', () => {
  it('decide by the role and the claims of the token', async () => {
    expect((await send('POST', 'owned', { claims: { team: 'red' }, body: { id: 1, owner: 'red' } })).status).toBe(201);
    expect(await send('POST', 'owned', { claims: { team: 'red' }, body: { id: 2, owner: 'blue' } })).toMatchObject({ status: 403, body: { code: '42501' } });
    expect((await send('GET', 'owned', { claims: { team: 'red' } })).body).toEqual([{ id: 1, owner: 'red' }]);
    expect((await send('GET', 'owned', { claims: { team: 'blue' } })).body).toEqual([]);
    expect((await send('GET', 'owned')).body).toEqual([]);
  });

  it('holds a SELECT that would write to read-only', async () => {
    await database.client.query(`
      create function app.touch() returns integer language plpgsql as $$ begin update app.notes set seen = 9; return 1; end $$;
      create view app.touching as select app.touch() as touched; grant select on app.touching to analyst; notify pgrst`);
    expect(await send('GET', 'touching')).toMatchObject({ status: 405, body: { code: '25006' } });
  });
});

describe('a column that got another type a moment ago', () => {
  it('is followed in bodies and in filters, also where psql gave it', async () => {
    await database.client.query('create table app.turned (id integer primary key, amount text); grant all on app.turned to analyst; notify pgrst');
    expect((await send('POST', 'turned', { body: { id: 1, amount: '5' } })).status).toBe(201);
    await database.client.query('alter table app.turned alter amount type bigint using amount::bigint');
    expect((await send('POST', 'turned', { body: { id: 2, amount: 6 } })).status).toBe(201);
    expect(await send('POST', 'turned', { body: { id: 3, amount: 'x' } })).toMatchObject({ status: 400, body: { code: '22P02' } });
    await database.client.query('alter table app.turned alter amount type text');
    expect((await send('PATCH', 'turned?amount=eq.6', { body: { amount: 'six' } })).status).toBe(204);
    await database.client.query(`alter table app.turned alter amount type bigint using case amount when 'six' then 6 else 5 end`);
    expect(await send('GET', 'turned?amount=eq.6&select=id')).toMatchObject({ status: 200, body: [{ id: 2 }] });
  });
});
