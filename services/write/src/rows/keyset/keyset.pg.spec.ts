import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgrestClient } from '@supabase/postgrest-js';
import fc from 'fast-check';
import { openRows, type RowsReply, type RowsStand } from '../../testing/rows-stand.ts';

let stand: RowsStand;
const KEYSET = { prefer: 'page=keyset' };

interface Thing {
  x: string;
  id: number;
}

beforeAll(async () => {
  stand = await openRows(`
    create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    set role lakeloop_owner;
    create table app.maker (id integer primary key, name text);
    create table app.thing (
      x text, id bigint, a integer, b text, c timestamptz(6), d numeric, e double precision not null, f date, g boolean not null, j jsonb, cursor text, maker_id integer references app.maker,
      primary key (x, id));
    create table app.secured (id integer primary key, owner text);
    create table app.keyless (id integer);
    create view app.shown as select * from app.thing;
    alter table app.secured enable row level security;
    create policy own on app.secured to analyst using (owner = 'me');
    insert into app.maker select i, case when i < 4 then 'maker ' || i end from generate_series(1, 5) i;
    insert into app.secured select i, case when i % 3 = 0 then 'me' else 'you' end from generate_series(1, 90) i;
    insert into app.thing select case when i % 2 = 0 then 'even' else 'odd' end, i, nullif(i % 7, 3), nullif('b' || i % 3, 'b1'),
      timestamptz '2026-01-01 00:00:00.000001+00' + (i % 11) * interval '0.000001 s', nullif(i % 5, 4) / 3.0, case i % 6 when 0 then 'NaN' when 1 then '-Infinity' else i / 7.0 end,
      date '2026-01-01' + i % 4, i % 3 = 0, json_build_object('k', nullif(i % 4, 1)), 'c' || i % 2, nullif(i % 6, 0)
    from generate_series(1, 150) i;
    create index on app.thing (a, b desc nulls last, x, id);
    grant usage on schema app to analyst; grant select on all tables in schema app to analyst; grant insert, update, delete on app.thing to analyst;
    select lakeloop.adopt('app.thing');
    reset role`);
});

afterAll(() => stand.stop());

function nextOf(reply: RowsReply): string | undefined {
  return /^<\/rest\/v1\/(.*)>; rel="next"$/.exec(reply.headers.get('link') ?? '')?.[1];
}

/** Every page from the first on; `between` is done before each next one. */
async function pagesOf<T>(path: string, between: () => Promise<unknown> = () => Promise.resolve()): Promise<T[]> {
  const rows: T[] = [];
  let next: string | undefined = path;
  for (let headers: Record<string, string> = KEYSET; next !== undefined; headers = {}) {
    const reply: RowsReply = await stand.get(next, headers);
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
    rows.push(...(reply.body as T[]));
    next = nextOf(reply);
    if (next !== undefined) await between();
  }
  return rows;
}

const column = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'x', 'id', 'j->>k', 'j->k', 'maker(name)');
const item = fc
  .tuple(column, fc.constantFrom('', '.asc', '.desc'), fc.constantFrom('', '.nullsfirst', '.nullslast'))
  .map(([name, direction, nulls]) => `${name}${direction}${nulls}`);
const order = fc.array(item, { maxLength: 4 }).map((items) => items.join(','));
const filter = fc.constantFrom('', '&a=gte.2', '&b=is.null', '&or=(a.is.null,b.eq.b0)', '&maker=not.is.null');

/** The order with the key behind it, as the page has it. */
function whole(by: string): string {
  const named = new Set(by.split(',').map((one) => one.split('.')[0]));
  return [by, ...['x', 'id'].filter((key) => !named.has(key))].filter((one) => one !== '').join(',');
}

describe('pages by cursor', () => {
  it('give together what one sorted answer gives, in any order, filter and length', async () => {
    const property = async (by: string, where: string, limit: number): Promise<void> => {
      const select = 'thing?select=x,id,maker(name)';
      const all = (await stand.get(`${select}${where}&order=${whole(by)}`)).body as Thing[];
      expect(await pagesOf<Thing>(`${select}${where}&order=${by}&limit=${limit}`)).toEqual(all);
    };
    await fc.assert(fc.asyncProperty(order, filter, fc.integer({ min: 20, max: 70 }), property), { numRuns: 60 });
  });

  it('show each row that nobody touches exactly once, whatever happens to others between them', async () => {
    const property = async (by: string, limit: number, changes: readonly [number, number][]): Promise<void> => {
      const before = (await stand.get(`thing?select=x,id,maker(name)&order=${whole(by)}`)).body as Thing[];
      const left = [...changes];
      const touched = new Set<number>();
      const change = async (): Promise<void> => {
        const [kind = 0, pick = 0] = left.pop() ?? [];
        const id = before[pick % before.length]?.id ?? 0;
        touched.add(id);
        if (kind === 0) await stand.database.client.query('delete from app.thing where id = $1', [id]);
        else if (kind === 1) await stand.database.client.query(`update app.thing set a = a + 3, b = 'b9', e = 0, c = null where id = $1`, [id]);
        else
          await stand.database.client.query(
            `insert into app.thing (x, id, e, g) values ('even', nextval('app.more'), 1, true), ('a', nextval('app.more'), 2, false)`,
          );
      };
      const seen = await pagesOf<Thing>(`thing?select=x,id,maker(name)&order=${by}&limit=${limit}`, change);
      const old = (rows: readonly Thing[]): Thing[] => rows.filter(({ id }) => id < 10_000 && !touched.has(id));
      expect(old(seen)).toEqual(old(before));
    };
    await stand.database.client.query('create sequence app.more start 10000');
    const change = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.nat(1_000));
    await fc.assert(fc.asyncProperty(order, fc.integer({ min: 10, max: 40 }), fc.array(change, { maxLength: 8 }), property), { numRuns: 25 });
  });

  it('say where they go on in a link, which is complete by itself', async () => {
    const first = await stand.get('thing?select=id&order=id.desc&b=eq.b0', { ...KEYSET, range: '0-9' });
    expect(first.headers.get('preference-applied')).toBe('page=keyset');
    expect(first.headers.get('content-range')).toBe('*/*');
    const next = nextOf(first) ?? '';
    expect(next).toMatch(/^thing\?select=id&order=id.desc&b=eq.b0&limit=10&cursor=[\w-]+$/);
    const second = (await stand.get(next)).body as Thing[];
    expect(second).toEqual((await stand.get('thing?select=id&order=id.desc&b=eq.b0&limit=10&offset=10')).body);
    expect(nextOf(await stand.get('thing?limit=1000', KEYSET))).toBeUndefined();
    const counted = await stand.get('thing?limit=5', { prefer: 'page=keyset, count=exact' });
    expect([counted.status, counted.headers.get('content-range')?.startsWith('*/')]).toEqual([206, true]);
  });

  it('come as CSV too, and keep to what the role may see', async () => {
    const first = await stand.get('secured?order=id&limit=3', { ...KEYSET, accept: 'text/csv' });
    expect(first.text).toBe('id,owner\n3,me\n6,me\n9,me');
    expect((await stand.get(nextOf(first) ?? '')).body).toEqual([12, 15, 18].map((id) => ({ id, owner: 'me' })));
  });

  it('leave a column named cursor to be filtered', async () => {
    await stand.database.client.query(`update app.thing set cursor = 'mine' where id in (select id from app.thing order by id limit 2)`);
    const { status, body } = await stand.get('thing?select=cursor&cursor=eq.mine&order=id&limit=3');
    expect([status, body]).toEqual([200, [{ cursor: 'mine' }, { cursor: 'mine' }]]);
  });

  it('are read by postgrest-js, which follows the link by its own fetch', async () => {
    let link: string | null = null;
    const seeing: typeof fetch = async (...call) => {
      const reply = await fetch(...call);
      link = reply.headers.get('link');
      return reply;
    };
    const headers = { authorization: `Bearer ${await stand.service.token('analyst')}` };
    const client = new PostgrestClient(`${stand.service.url}/rest/v1`, { headers, fetch: seeing });
    const { data } = await client.from('secured').select('id').order('id').limit(2).setHeader('prefer', 'page=keyset');
    expect(data).toEqual([{ id: 3 }, { id: 6 }]);
    const target = /<(.*)>/.exec(link ?? '')?.[1] ?? '';
    expect(await (await seeing(`${stand.service.url}${target}`, { headers })).json()).toEqual([{ id: 9 }, { id: 12 }]);
  });
});

describe('a cursor', () => {
  it('is refused by any query but its own', async () => {
    const link = nextOf(await stand.get('thing?order=a.desc&limit=5&a=gt.1', KEYSET)) ?? '';
    const cursor = /cursor=(.*)/.exec(link)?.[1] ?? '';
    const flipped = Buffer.from(
      Buffer.from(cursor, 'base64url')
        .toString()
        .replace(/\d"\]$/, '7777"]'),
    ).toString('base64url');
    for (const path of [
      `thing?order=a.asc&a=gt.1&cursor=${cursor}`,
      `thing?order=a.desc&a=gt.2&cursor=${cursor}`,
      `thing?order=a.desc,b&a=gt.1&cursor=${cursor}`,
      `secured?cursor=${cursor}`,
      `thing?order=a.desc&a=gt.1&cursor=${flipped}`,
      'thing?cursor=',
      'thing?cursor=null',
      "thing?cursor=1'%20or%201=1--",
      `thing?cursor=${Buffer.from('[1]').toString('base64url')}`,
      `thing?cursor=${'A'.repeat(5_000)}`,
    ])
      expect(await stand.get(path)).toMatchObject({ status: 400, body: { code: 'PGRST134' } });
    expect((await stand.get(`thing?order=a.desc&a=gt.1&limit=3&select=id&cursor=${cursor}`)).status).toBe(200);
  });

  it('is not made of what has no total order, or no place', async () => {
    for (const path of ['shown?limit=1', 'keyless?limit=1', 'thing?select=a,count()', 'thing?offset=5'])
      expect(await stand.get(path, KEYSET)).toMatchObject({ status: 400, body: { code: 'PGRST127' } });
    expect(await stand.get('thing?limit=1', { ...KEYSET, accept: 'application/vnd.pgrst.object+json' })).toMatchObject({ status: 400 });
    expect(await stand.send('DELETE', 'thing?id=eq.1&cursor=abc')).toMatchObject({ status: 400, body: { code: 'PGRST127' } });
    await stand.database.client.query(`insert into app.thing (x, id, e, g, b) values ('long', 1, 1, true, repeat('z', 10000))`);
    expect(await stand.get('thing?order=b.desc.nullslast&limit=1', KEYSET)).toMatchObject({ status: 400, body: { code: 'PGRST134' } });
  });
});
