import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openRows, type RowsStand } from '../../testing/rows-stand.ts';

const ROWS = 20_000;
const NDJSON = { accept: 'application/x-ndjson' };
const CSV = { accept: 'text/csv' };
const PARQUET = { accept: 'application/vnd.apache.parquet' };
let stand: RowsStand;

beforeAll(async () => {
  stand = await openRows(
    `
    create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner;
    set role lakeloop_owner;
    create type app.mood as enum ('glad', 'sad');
    create table app.maker (id integer primary key, name text);
    create table app.thing (id integer primary key, maker_id integer references app.maker, note text, amount numeric(12, 3), hidden text);
    create table app.huge (id integer primary key, note text);
    create table app.typed (id bigint primary key, b boolean, s smallint, d double precision, n numeric, m numeric(10, 2), t text, u uuid, day date, at timestamptz, local timestamp, bytes bytea, j jsonb, tags text[], mood app.mood, "A" text, a text);
    create table app.few (id integer primary key, "text, too" text);
    create function app.fails(app.thing) returns integer stable language plpgsql as $$ begin return 1 / (case when $1.id = 15000 then 0 else 1 end); end $$;
    alter table app.thing enable row level security;
    create policy even on app.thing to sales using (id % 2 = 0);
    create policy every on app.thing to analyst, agent using (true);
    insert into app.maker select i, 'maker ' || i from generate_series(1, 3) i;
    insert into app.thing select i, 1 + i % 3, 'a note, "quoted" ' || i, i / 7.0, 'secret' from generate_series(1, ${ROWS}) i;
    insert into app.huge select i, repeat('x', 1000) from generate_series(1, 100000) i;
    insert into app.few values (1, null), (2, ''), (3, E'a\\nb');
    grant usage on schema app to analyst, sales, agent;
    grant select on all tables in schema app to analyst;
    grant select (id, maker_id, note, amount) on app.thing to sales; grant select on app.thing, app.maker to agent;
    reset role;
    insert into app.typed values
      (9007199254740993, true, -3, 'NaN', 12345678901234567890.123456789, 10.50, E'a,"b"\\r\\nc\\\\N', '00000000-0000-0000-0000-000000000001', '0044-03-15 BC', '2026-01-02 03:04:05.123456+02', '2026-01-02 03:04:05', '\\x00ff', '{"k": [1]}', '{a,"b,c"}', 'sad', '\\N', ''),
      (2, null, null, '-Infinity', null, null, '', null, '2026-01-01', null, null, '', null, null, null, null, repeat('ü', 300000))`,
    { REST_STREAM_STALL_MS: 1_500, REST_STREAMS: 2, DB_POOL_MAX: 3 },
  );
});

afterAll(() => stand.stop());

/** Connections of the streams' pool that are in use. */
async function inUse(): Promise<number> {
  const { rows } = await stand.database.client.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'lakeloop-write-streams' and state <> 'idle'`,
  );
  return rows[0]?.n ?? 0;
}

describe('a long answer', () => {
  it('is the same in every form, of any length, as PostgreSQL itself puts it together', async () => {
    const client = stand.database.client;
    const one = async (sql: string): Promise<string> => (await client.query<{ v: string }>(sql)).rows[0]?.v ?? '';
    expect((await stand.get('thing?order=id')).text).toBe(await one('select json_agg(t order by id)::text as v from app.thing t'));
    expect((await stand.get('thing?order=id&limit=3')).text).toBe(
      (await stand.get('thing?order=id&limit=2000')).text.split(', \n ').slice(0, 3).join(', \n ') + ']',
    );
    expect((await stand.get('thing?order=id', NDJSON)).text).toBe(
      await one(`select string_agg(row_to_json(t)::text || E'\\n', '' order by id) as v from app.thing t`),
    );
    const csv = (await stand.get('thing?select=id,note&order=id', CSV)).text.split('\n');
    expect([csv.length, csv[0], csv[1], csv.at(-1)]).toEqual([ROWS + 1, 'id,note', '1,"a note, ""quoted"" 1"', `${ROWS},"a note, ""quoted"" ${ROWS}"`]);
    const stripped = await stand.get('few?order=id', { accept: 'application/vnd.pgrst.array+json;nulls=stripped' });
    expect(stripped.text).toBe('[{"id":1},{"id":2,"text, too":""},{"id":3,"text, too":"a\\nb"}]');
  });

  it('of no rows is empty in its own way', async () => {
    expect((await stand.get('thing?id=lt.0')).text).toBe('[]');
    expect((await stand.get('thing?id=lt.0', NDJSON)).text).toBe('');
    expect((await stand.get('few?id=lt.0', CSV)).text).toBe('id,"text, too"\n');
  });

  it('takes filters, related tables, groups, pages and counts', async () => {
    const related = await stand.get('thing?select=id,maker(name)&maker_id=eq.2&order=id.desc&limit=5000&offset=10', { ...NDJSON, prefer: 'count=exact' });
    expect(related.headers.get('content-range')).toBe('10-5009/6667');
    expect(related.status).toBe(206);
    expect(related.text.split('\n')[0]).toBe(`{"id":${ROWS - 31},"maker":{"name":"maker 2"}}`);
    expect((await stand.get('thing?select=maker_id,count()&order=maker_id', NDJSON)).text).toBe(
      '{"maker_id":1,"count":6666}\n{"maker_id":2,"count":6667}\n{"maker_id":3,"count":6667}\n',
    );
    expect((await stand.get('thing')).headers.get('content-range')).toBe('*/*');
    expect((await stand.get('thing', { prefer: 'count=planned' })).headers.get('content-range')).toMatch(/^0-\d+\/\d+$/);
    for (const limit of ['', '&limit=5']) {
      const planned = await stand.get(`thing?select=note->>a,id&id=lt.9${limit}`, { prefer: 'count=planned' });
      expect([planned.status < 300, (planned.body as unknown[]).length]).toEqual([true, limit === '' ? 8 : 5]);
      expect((await stand.get(`thing?select=note->>a,id&id=lt.9${limit}`, { prefer: 'count=exact' })).headers.get('content-range')).toMatch(/\/8$/);
    }
    expect(await stand.get('thing?offset=30000', { prefer: 'count=exact' })).toMatchObject({ status: 416 });
    expect((await stand.get('few')).headers.get('content-range')).toBe('0-2/*');
  });

  it('is asked for under the role, its policies and its columns', async () => {
    const rows = await stand.send('GET', 'thing?select=id', { headers: NDJSON, role: 'sales' });
    expect(rows.text.trim().split('\n')).toHaveLength(ROWS / 2);
    expect(await stand.send('GET', 'thing', { headers: NDJSON, role: 'sales' })).toMatchObject({ status: 403, body: { code: '42501' } });
    expect(await stand.send('GET', 'thing?select=nope', { headers: PARQUET })).toMatchObject({ status: 400, body: { code: '42703' } });
  });

  it('of which one object was asked for is not put together to be counted', async () => {
    const one = await stand.get('huge', { accept: 'application/vnd.pgrst.object+json' });
    expect(one).toMatchObject({ status: 406, body: { code: 'PGRST116', details: 'The result contains more than 1000 rows' } });
  });

  it('breaks the connection off when it fails half-way, and gives its own back', async () => {
    await expect(stand.get('thing?select=id,note,fails&order=id', NDJSON)).rejects.toThrow();
    expect(await stand.get('thing?select=id,fails&id=eq.15000', NDJSON)).toMatchObject({ status: 400, body: { code: '22012' } });
    expect(await inUse()).toBe(0);
  });

  it('is on record with its rows and its hash when an agent reads it', async () => {
    const reply = await stand.send('GET', 'thing?select=id&order=id', { headers: { ...CSV, 'x-request-id': 'long-1' }, role: 'agent' });
    const { rows } = await stand.database.client.query(`select rows::int, result_hash from audit.agent_read where request_id = 'long-1'`);
    expect(rows).toEqual([{ rows: ROWS, result_hash: createHash('sha256').update(reply.text).digest() }]);
  });

  it('has a name to be saved under where one is asked for', async () => {
    const named = async (prefer: string, headers: Record<string, string> = CSV): Promise<string | null> =>
      (await stand.get('few', { ...headers, prefer })).headers.get('content-disposition');
    expect(await named('download')).toBe('attachment; filename="few.csv"');
    expect(await named('count=exact, download="orders 2026"', NDJSON)).toBe('attachment; filename="orders 2026.ndjson"');
    expect(await named('download=Auftr%C3%A4ge.csv')).toBe(`attachment; filename="Auftr_ge.csv"; filename*=UTF-8''Auftr%C3%A4ge.csv`);
    expect(await named('download=..%2F..%2Fetc%0d%0aset-cookie: x')).toBe('attachment; filename="_.._etc__set-cookie_ x.csv"');
    expect(await named('count=exact')).toBeNull();
  });

  it('is no answer of a write, a function, or a batch', async () => {
    expect(await stand.send('POST', 'few?select=id', { headers: { ...NDJSON, prefer: 'return=representation' }, body: { id: 9 } })).toMatchObject({
      status: 406,
    });
    const batch = await fetch(`${stand.service.url}/v1/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await stand.service.token('analyst')}` },
      body: JSON.stringify({
        requests: [
          { method: 'GET', path: 'few', headers: { accept: 'text/csv' } },
          { method: 'GET', path: 'few', headers: NDJSON },
        ],
      }),
    });
    expect(batch.status).toBe(406);
  });
});

describe('a method that no path has', () => {
  it('is 405 in the words of the row API, whatever else the request says', async () => {
    for (const path of ['few', 'rpc/fails', ''])
      expect(await stand.send('QUERY', path)).toMatchObject({ status: 405, body: { code: path.startsWith('rpc') ? 'PGRST101' : 'PGRST117' } });
  });
});

describe('a slow client', () => {
  /** A client that reads the beginning, and no more. */
  async function deaf(path: string): Promise<Socket> {
    const { hostname, port } = new URL(stand.service.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(
      `GET /rest/v1/${path} HTTP/1.1\r\nhost: x\r\naccept: application/x-ndjson\r\nauthorization: Bearer ${await stand.service.token('analyst')}\r\n\r\n`,
    );
    await once(socket, 'data');
    socket.pause();
    return socket;
  }

  const memory = (): number => process.memoryUsage().rss;

  it('holds a bounded piece of the answer, is cut off when it reads nothing, and keeps nobody else waiting', async () => {
    const before = memory();
    const sockets = [await deaf('huge'), await deaf('huge')];
    // Both connections of long reads are taken: all else has its own.
    expect((await stand.get('few?limit=2')).status).toBe(200);
    expect((await stand.send('GET', 'few?id=eq.1')).status).toBe(200);
    while ((await inUse()) > 0);
    expect((memory() - before) / 1e6).toBeLessThan(150);
    for (const socket of sockets) {
      socket.resume();
      await once(socket, 'close');
    }
    expect((await stand.get('thing?select=id', NDJSON)).text.length).toBeGreaterThan(ROWS);
  });

  it('that goes away leaves nothing behind', async () => {
    const socket = await deaf('huge');
    socket.destroy();
    while ((await inUse()) > 0);
  });
});

describe('a parquet file', () => {
  async function read(path: string, select: string): Promise<unknown[][]> {
    const reply = await fetch(`${stand.service.url}/rest/v1/${path}`, {
      headers: { ...PARQUET, authorization: `Bearer ${await stand.service.token('analyst')}` },
    });
    if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
    const directory = await mkdtemp(join(tmpdir(), 'parquet-spec-'));
    const file = join(directory, 'answer.parquet');
    await writeFile(file, Buffer.from(await reply.arrayBuffer()));
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`set TimeZone = 'UTC'`);
    const rows = (await connection.runAndReadAll(select.replaceAll('$file', `'${file}'`))).getRowsJson();
    connection.closeSync();
    instance.closeSync();
    await rm(directory, { recursive: true });
    return rows;
  }

  it('has every value exactly, in types of its own where parquet has them', async () => {
    const types = await read('typed?order=id', `select column_name || ' ' || column_type from (describe select * from $file)`);
    expect(types.flat()).toEqual([
      'id BIGINT', 'b BOOLEAN', 's SMALLINT', 'd DOUBLE', 'n VARCHAR', 'm DECIMAL(10,2)', 't VARCHAR', 'u UUID', 'day DATE', 'at TIMESTAMP WITH TIME ZONE', 'local TIMESTAMP', 'bytes BLOB', 'j VARCHAR', 'tags VARCHAR',
      'mood VARCHAR', 'A VARCHAR', 'a_1 VARCHAR',
    ]); // prettier-ignore
    const [small, large] = await read('typed?order=id', `select * replace (hex(bytes) as bytes, length(a_1)::varchar as a_1) from $file`);
    expect(small).toEqual(['2', null, null, '-Infinity', null, null, '', null, '2026-01-01', null, null, '', null, null, null, null, '300000']);
    expect(large).toEqual([
      '9007199254740993', true, -3, 'NaN', '12345678901234567890.123456789', '10.50', 'a,"b"\r\nc\\N', '00000000-0000-0000-0000-000000000001', '0044-03-15 (BC)', '2026-01-02 01:04:05.123456+00', '2026-01-02 03:04:05', '00FF',
      '{"k": [1]}', '{a,"b,c"}', 'sad', '\\N', '0',
    ]); // prettier-ignore
  });

  it('keeps order, filters and length', async () => {
    const [row] = await read(
      'thing?select=id,amount,maker(name)&order=id.desc',
      `select count(*)::int, first(id)::int, last(id)::int, sum(amount)::varchar, first(maker) from $file`,
    );
    const { rows } = await stand.database.client.query<{ sum: string }>('select sum(amount)::text from app.thing');
    expect(row).toEqual([ROWS, ROWS, 1, rows[0]?.sum, '{"name":"maker 3"}']);
    expect(await read('thing?id=lt.0&select=id', 'select count(*)::int from $file')).toEqual([[0]]);
  });

  it('that can not be is refused before its first byte, and leaves no files', async () => {
    expect(await stand.get('thing?select=id,fails', PARQUET)).toMatchObject({ status: 400, body: { code: '22012' } });
    await stand.database.client.query(`update app.typed set local = '-infinity' where id = 2`);
    expect(await stand.get('typed', PARQUET)).toMatchObject({ status: 400, body: { code: 'PGRST127' } });
    await stand.database.client.query('update app.typed set local = null where id = 2');
    const own = readdirSync(tmpdir()).filter((name) => name.startsWith('lakeloop-export-'));
    expect(own).toEqual([]);
    expect(await inUse()).toBe(0);
  });
});
