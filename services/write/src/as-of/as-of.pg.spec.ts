import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgrestClient } from '@supabase/postgrest-js';
import fc from 'fast-check';
import pg from 'pg';
import { openRows, type RowsReply, type RowsStand } from '../testing/rows-stand.ts';

let stand: RowsStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openRows(`
    create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    set role lakeloop_owner;
    create table app.account (id bigint primary key, name text not null);
    create table app.entry (id integer primary key, account_id bigint references app.account, amount numeric(12, 2), region text, secret text, at timestamptz);
    create table app.tag (id integer primary key, label text);
    create table app.entry_tag (entry_id integer references app.entry, tag_id integer references app.tag, primary key (entry_id, tag_id));
    create table app.visit (place text, "at hour" timestamptz, guests integer, primary key (place, "at hour"));
    create table app.shape (id integer primary key, a text, b integer, c text);
    create table app.pair (x integer, y integer, v text, primary key (x, y));
    create table app.plain (id integer primary key);
    create table app.late (id integer primary key);
    create view app.seen as select * from app.entry;
    create function app.double(app.entry) returns numeric stable language sql as $$ select $1.amount * 2 $$;
    alter table app.entry enable row level security;
    create policy every on app.entry to analyst, agent using (true);
    create policy own on app.entry to sales using (region = lakeloop.claim('region') and exists (select from app.account a where a.id = entry.account_id));
    grant usage on schema app to analyst, sales, agent;
    grant select, insert, update, delete on all tables in schema app to analyst;
    grant select on app.account to sales; grant select (id, account_id, amount, region) on app.entry to sales; grant select on app.entry to agent;
    select lakeloop.adopt(t::regclass) from unnest('{app.account,app.entry,app.tag,app.entry_tag,app.visit,app.shape,app.pair}'::text[]) t;
    reset role`);
  psql = new pg.Client({ connectionString: stand.database.url });
  await psql.connect();
});

afterAll(async () => {
  await psql.end();
  await stand.stop();
});

/** A checkpoint of now; the service's own may come before it. */
async function checkpoint(): Promise<string> {
  const { rows } = await psql.query<{ id: string | null }>('select lakeloop.take_checkpoint() as id');
  const taken = rows[0]?.id ?? null;
  if (taken !== null) return taken;
  return (await psql.query<{ id: string }>('select max(id) as id from audit.checkpoint')).rows[0]?.id ?? '';
}

/** As if what was recorded so far were an hour old: then it is noted where each table's entries are. */
async function noteBlocks(): Promise<void> {
  await psql.query(`update audit.logged set at = at - interval '2 hours' where id > (select last_id from audit.blocks_end); select lakeloop.note_blocks()`);
}

async function rowsAt(version: string, path: string, role = 'analyst', claims: Record<string, unknown> = {}): Promise<unknown> {
  const reply = await stand.send('GET', `${path}${path.includes('?') ? '&' : '?'}asOf=${version}`, { role, claims });
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`);
  return reply.body;
}

describe('a table as of a moment', () => {
  it('has what it had, whatever happened since, told by time or by checkpoint', async () => {
    await psql.query(
      `insert into app.account values (1, 'one'), (2, 'two'); insert into app.entry values (1, 1, 1.50, 'north', 's', '2026-01-01'), (2, 1, 2, 'south', 's', null), (3, 2, 3, 'north', 's', null)`,
    );
    const before = await checkpoint();
    await psql.query(
      `update app.entry set amount = 20 where id = 2; delete from app.entry where id = 3; insert into app.entry values (4, 2, 4, 'north', 's', null); update app.entry set id = 5 where id = 1; update app.account set name = 'uno' where id = 1`,
    );
    const select = 'entry?select=id,amount,region,at,account(name)&order=id';
    const old = [
      { id: 1, amount: 1.5, region: 'north', at: '2026-01-01T00:00:00+00:00', account: { name: 'one' } },
      { id: 2, amount: 2, region: 'south', at: null, account: { name: 'one' } },
      { id: 3, amount: 3, region: 'north', at: null, account: { name: 'two' } },
    ];
    const reply = await stand.get(`${select}&asOf=${before}`, { prefer: 'timezone=UTC' });
    expect(reply.body).toEqual(old);
    const at = /^(\S+Z); version=(\d+)$/.exec(reply.headers.get('lakeloop-as-of') ?? '');
    expect(at?.[2]).toBe(before);
    expect((await stand.get(`${select}&asOf=${at?.[1]}`, { prefer: 'timezone=UTC' })).body).toEqual(old);
    const after = await checkpoint();
    expect(await rowsAt(after, 'entry?select=id,amount&order=id')).toEqual([{ id: 2, amount: 20 }, { id: 4, amount: 4 }, { id: 5, amount: 1.5 }]); // prettier-ignore
    expect(await rowsAt(before, 'account?select=name,entry(id)&order=id&entry.order=id')).toEqual([{ name: 'one', entry: [{ id: 1 }, { id: 2 }] }, { name: 'two', entry: [{ id: 3 }] }]); // prettier-ignore
  });

  it('takes filters, groups, counts, pages by cursor, streams and other forms', async () => {
    const version = await checkpoint();
    await psql.query(`update app.entry set amount = 0, region = 'gone'`);
    expect(await rowsAt(version, 'entry?select=region,amount.sum()&order=region&region=neq.gone')).toEqual([{ region: 'north', sum: 5.5 }, { region: 'south', sum: 20 }]); // prettier-ignore
    const counted = await stand.get(`entry?select=id&amount=gt.3&order=id&limit=1&asOf=${version}`, { prefer: 'count=exact' });
    expect([counted.status, counted.headers.get('content-range'), counted.body]).toEqual([206, '0-0/2', [{ id: 2 }]]);
    const page = await stand.get(`entry?select=id&order=region.desc,id&limit=2&asOf=${version}`, { prefer: 'page=keyset' });
    const next = /<\/rest\/v1\/(.*)>/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    expect([page.body, (await stand.get(next)).body]).toEqual([[{ id: 2 }, { id: 4 }], [{ id: 5 }]]);
    expect((await stand.get(`entry?select=id&order=id&asOf=${version}`, { accept: 'application/x-ndjson' })).text).toBe('{"id":2}\n{"id":4}\n{"id":5}\n');
    expect((await stand.get(`entry?select=id&id=eq.4&asOf=${version}`, { accept: 'application/vnd.pgrst.object+json' })).body).toEqual({ id: 4 });
    expect((await stand.send('HEAD', `entry?asOf=${version}`)).headers.get('lakeloop-as-of')).toContain(`version=${version}`);
  });

  it('is without what was inserted in bulk since, and with what was before', async () => {
    await psql.query(`insert into app.tag select i, 'bulk' from generate_series(10001, 11500) i`);
    const before = await checkpoint();
    await psql.query(`insert into app.tag select i, 'bulk' from generate_series(20001, 21500) i; update app.tag set label = 'changed' where id > 11400`);
    const counted = [{ label: 'bulk', count: 1_500 }];
    expect(await rowsAt(before, 'tag?id=gt.10000&select=label,count()')).toEqual(counted);
    await psql.query('delete from app.tag where id > 10000');
    expect(await rowsAt(before, 'tag?id=gt.10000&select=label,count()')).toEqual(counted);
  });

  it('is consistent over tables of pairs, and after a truncate', async () => {
    await psql.query(`insert into app.tag values (1, 'red'), (2, 'blue'); insert into app.entry_tag values (2, 1), (2, 2), (4, 1)`);
    const version = await checkpoint();
    await psql.query(`truncate app.entry_tag; update app.tag set label = 'pink' where id = 1; insert into app.entry_tag values (5, 2)`);
    expect(await rowsAt(version, 'entry?select=id,tag(label)&order=id&tag.order=id')).toEqual([
      { id: 2, tag: [{ label: 'red' }, { label: 'blue' }] },
      { id: 4, tag: [{ label: 'red' }] },
      { id: 5, tag: [] },
    ]);
  });

  it('does not show what was under way, and shows what was not yet ended by those who had it open', async () => {
    await psql.query(`insert into app.pair values (1, 1, 'old')`);
    const other = new pg.Client({ connectionString: stand.database.url });
    await other.connect();
    await other.query(`begin; update app.pair set v = 'open' where x = 1; insert into app.pair values (2, 2, 'open')`);
    await psql.query(`insert into app.pair values (3, 3, 'done')`);
    const during = await checkpoint();
    await other.query('commit');
    await other.end();
    await psql.query(`update app.pair set v = 'later'`);
    expect(await rowsAt(during, 'pair?order=x')).toEqual([{ x: 1, y: 1, v: 'old' }, { x: 3, y: 3, v: 'done' }]); // prettier-ignore
    expect(await rowsAt(await checkpoint(), 'pair?order=x&select=v')).toEqual([{ v: 'later' }, { v: 'later' }, { v: 'later' }]);
  });

  it('equals a copy that was made then, under any changes', async () => {
    const step = fc.tuple(fc.constantFrom('insert', 'update', 'delete', 'move', 'checkpoint', 'note'), fc.integer({ min: 1, max: 8 }));
    const property = async (steps: readonly [string, number][]): Promise<void> => {
      await psql.query('truncate app.visit');
      const copies: [string, unknown][] = [];
      const hour = `timestamptz '2026-03-29 00:00+01' + $1 * interval '30 minutes'`;
      const sql: Record<string, string> = {
        insert: `insert into app.visit values ('p', ${hour}, $1) on conflict do nothing`,
        update: `update app.visit set guests = guests * 2 + 1 where "at hour" = ${hour}`,
        delete: `delete from app.visit where "at hour" = ${hour}`,
        move: `update app.visit set "at hour" = "at hour" + interval '5 hours' where "at hour" = ${hour} and not exists (select from app.visit v where v."at hour" = ${hour} + interval '5 hours')`,
      };
      for (const [kind, n] of steps) {
        if (kind === 'note') await noteBlocks();
        else if (kind !== 'checkpoint') await psql.query(sql[kind] ?? '', [n]);
        else copies.push([await checkpoint(), (await stand.get('visit?order=place,"at hour"')).body]);
      }
      for (const [version, copy] of copies) expect(await rowsAt(version, 'visit?order=place,"at hour"')).toEqual(copy);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), property), { numRuns: 25 });
  });
});

describe('what a role sees of the past', () => {
  it('is what its policies and grants let it see, of images too', async () => {
    await psql.query(
      `delete from app.entry where id > 100; insert into app.entry values (101, 1, 1, 'north', 'x', null), (102, 1, 1, 'south', 'x', null), (103, null, 1, 'north', 'x', null)`,
    );
    const version = await checkpoint();
    await psql.query(`update app.entry set region = 'south', secret = 'y' where id > 100`);
    const claims = { region: 'north' };
    expect(await rowsAt(version, 'entry?select=id&id=gt.100', 'sales', claims)).toEqual([{ id: 101 }]);
    expect(await rowsAt(version, 'entry?select=id&id=gt.100', 'sales', { region: 'none' })).toEqual([]);
    const asked = (path: string, role = 'sales'): Promise<RowsReply> => stand.send('GET', `${path}&asOf=${version}`, { role, claims });
    for (const path of ['entry?select=secret', 'entry?select=*', 'entry?secret=eq.x&select=id', 'account?select=id,entry(*)', 'tag?select=id'])
      expect(await asked(path)).toMatchObject({ status: 403, body: { code: '42501' } });
    expect((await asked('entry?select=id&id=gt.100&region=neq.north')).body).toEqual([]);
    expect(
      (await stand.send('GET', `entry?select=id&asOf=${version}`, { role: 'agent', claims: { act: { sub: 'bot' } }, headers: { 'x-request-id': 'then-1' } }))
        .status,
    ).toBe(200);
    const { rows } = await psql.query(`select query from audit.agent_read where request_id = 'then-1'`);
    expect(rows).toEqual([{ query: `select=id&asOf=${version}` }]);
  });

  it('is nobody else’s to ask the database for', async () => {
    const version = await checkpoint();
    const ask = `select * from lakeloop.changes_since(1, ${version}, '{1}', '{id}', '\\x00')`;
    for (const sql of [ask, `set role analyst; ${ask}`]) await expect(psql.query(sql)).rejects.toMatchObject({ code: '42501' });
    await psql.query('reset role');
    const service = new pg.Client({ connectionString: stand.database.url.replace(/\/\/[^@]*@/, '//lakeloop_write:test@') });
    await service.connect();
    await service.query('begin; set local role analyst');
    await expect(service.query(ask)).rejects.toMatchObject({ code: '42501' });
    await service.query('rollback; begin; set local role analyst');
    await expect(service.query('select * from audit.as_of_secret')).rejects.toMatchObject({ code: '42501' });
    await service.end();
  });
});

describe('the past of a table that was edited since', () => {
  it('is shown in today’s columns: renamed, retyped, dropped, added', async () => {
    await psql.query(`insert into app.shape values (1, 'x', 10, '7'), (2, 'y', 20, 'seven'), (3, 'z', 30, '9')`);
    const version = await checkpoint();
    await psql.query(`update app.shape set a = 'changed' where id in (1, 2)`);
    await psql.query(`alter table app.shape rename b to amount; alter table app.shape rename a to b`);
    await psql.query(`alter table app.shape add column fresh text default 'new'`);
    await psql.query(
      `update app.shape set c = null where id = 2; alter table app.shape alter column c type integer using c::integer; alter table app.shape rename id to ident`,
    );
    await psql.query(`update app.shape set b = 'again' where ident = 1`);
    await psql.query(`notify pgrst`);
    for (let known = false; !known;) known = (await stand.get('shape?select=fresh,c&limit=1')).status === 200;
    expect(await rowsAt(version, 'shape?order=ident')).toEqual([
      { ident: 1, b: 'x', amount: 10, c: 7, fresh: null },
      { ident: 2, b: 'y', amount: 20, c: null, fresh: null },
      { ident: 3, b: 'z', amount: 30, c: 9, fresh: 'new' },
    ]);
    await psql.query('alter table app.shape drop column amount; notify pgrst');
    for (let gone = false; !gone;) gone = (await stand.get('shape?select=amount&limit=1')).status === 400;
    expect(await rowsAt(version, 'shape?order=ident&select=ident,b')).toEqual([{ ident: 1, b: 'x' }, { ident: 2, b: 'y' }, { ident: 3, b: 'z' }]); // prettier-ignore
    expect(await stand.get(`shape?select=amount&asOf=${version}`)).toMatchObject({ status: 400, body: { code: '42703' } });
  });

  it('ends where its key was another one', async () => {
    const version = await checkpoint();
    await psql.query('alter table app.pair drop constraint pair_pkey, add primary key (x); notify pgrst');
    expect(await stand.get(`pair?asOf=${version}`)).toMatchObject({ status: 410, body: { code: 'PGRST136' } });
    await psql.query(`insert into app.pair values (9, 9, 'n')`);
    expect((await stand.get(`pair?asOf=${await checkpoint()}`)).status).toBe(200);
  });
});

describe('a moment', () => {
  it('that is none is refused, and one that nobody remembers is gone', async () => {
    const get = (asOf: string, path = 'tag?select=id'): Promise<RowsReply> => stand.get(`${path}&asOf=${asOf}`);
    for (const asOf of [
      '',
      '-1',
      '2026-01-01T00:00:00+02:00',
      '9999-01-01',
      "1'; drop table app.tag; --",
      '2026-01-01T00:00:00Z or 1=1',
      '1e3',
      '1234567890123456789012',
    ])
      expect([asOf, await get(encodeURIComponent(asOf).replaceAll('%2B', '+'))]).toMatchObject([asOf, { status: 400, body: { code: 'PGRST135' } }]);
    expect(await get('2026-13-45')).toMatchObject({ status: 400, body: { code: '22008' } });
    for (const asOf of ['0', '99999999', '1999-12-31', '2000-01-01T00:00:00.5%2B02:00'])
      expect(await get(asOf)).toMatchObject({ status: 410, body: { code: 'PGRST136' } });
    const version = await checkpoint();
    expect(await get(version, 'late?select=id')).toMatchObject({ status: 400, body: { code: 'PGRST127' } });
    await psql.query(`insert into app.late values (1); select lakeloop.adopt('app.late'); notify pgrst`);
    for (let adopted = false; !adopted;) adopted = (await get(version, 'late?select=id')).status === 410;
    expect((await get(await checkpoint(), 'late?select=id')).body).toEqual([{ id: 1 }]);
  });

  it('is asked for by postgrest-js in a fetch of its own, and a column of that name still filtered', async () => {
    const version = await checkpoint();
    await psql.query(`update app.tag set label = 'now' where id = 2`);
    const then: typeof fetch = (input, init) => {
      const url = new URL(input as string);
      url.searchParams.set('asOf', version);
      return fetch(url, init);
    };
    const headers = { authorization: `Bearer ${await stand.service.token('analyst')}` };
    const client = new PostgrestClient(`${stand.service.url}/rest/v1`, { headers, fetch: then });
    expect(await client.from('tag').select('label').eq('id', 2).single()).toMatchObject({ error: null, data: { label: 'blue' } });
    expect(await stand.get('tag?asOf=eq.1')).toMatchObject({ status: 400, body: { code: '42703' } });
  });

  it('is of tables alone, and of reads alone', async () => {
    const version = await checkpoint();
    for (const path of ['seen?select=id', 'plain?select=id', 'entry?select=id,double'])
      expect(await stand.get(`${path}&asOf=${version}`)).toMatchObject({ status: 400 });
    expect(await stand.send('PATCH', `tag?id=eq.1&asOf=${version}`, { body: { label: 'x' } })).toMatchObject({ status: 400, body: { code: 'PGRST127' } });
    expect(await stand.send('DELETE', `tag?id=eq.1&asOf=${version}`)).toMatchObject({ status: 400 });
    expect((await psql.query(`select label from app.tag where id = 1`)).rows).toEqual([{ label: 'pink' }]);
  });

  it('is written down while there is something new, and not else', async () => {
    const take = async (): Promise<string | null> => (await psql.query<{ id: string | null }>('select lakeloop.take_checkpoint() as id')).rows[0]?.id ?? null;
    // Transactions of other databases of the server may be open too: then one checkpoint more is needed.
    const whole = 'select floor = last_id as whole from audit.checkpoint order by id desc limit 1';
    while (!(await psql.query<{ whole: boolean }>(whole)).rows[0]?.whole) await take();
    expect([await take(), await take(), await take()]).toEqual([null, null, null]);
    const { rows } = await psql.query<{ id: string }>('select max(id) as id from audit.checkpoint');
    await psql.query(`update app.tag set label = 'once more' where id = 2`);
    for (let more = false; !more;) more = (await psql.query('select from audit.checkpoint where id > $1', [rows[0]?.id])).rowCount !== 0;
    const { rows: holders } = await psql.query(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = 1819042672 and database = (select oid from pg_database where datname = current_database())`,
    );
    expect(holders).toEqual([{ n: 1 }]);
  });
});
