import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import type { HistoryPage, UndoReport } from '#contracts/http/history';
import { type ApiStand, openApi, type Reply } from '../testing/api-stand.ts';

let stand: ApiStand;
let psql: pg.Client;

beforeAll(async () => {
  stand = await openApi(`create schema app authorization lakeloop_owner; grant usage on schema app to analyst; set role lakeloop_owner;
    create table app.item (id integer primary key, n integer); create table app.other (id integer primary key, n integer); create table app.busy (id integer primary key, n integer);
    grant select, insert, update, delete on all tables in schema app to analyst;
    select lakeloop.adopt('app.item'), lakeloop.adopt('app.other'), lakeloop.adopt('app.busy'); reset role`);
  psql = await connected();
});
afterAll(async () => {
  await psql?.end();
  await stand?.stop();
});

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: stand.database.url });
  await client.connect();
  return client;
}

async function one<T>(text: string, values: unknown[] = []): Promise<T> {
  return (await psql.query<{ value: T }>(text, values)).rows[0]?.value as T;
}

/** As the service does it, which waits for millions of rows: whoever writes is let pass first. */
async function close(client = psql): Promise<void> {
  for (let closed = false; !closed;) {
    closed = await client.query<{ closed: boolean }>('select lakeloop.close_segment(1) as closed').then(
      ({ rows }) => rows[0]?.closed === true,
      (error: { code?: string }) => {
        if (error.code === '55P03') return false;
        throw error;
      },
    );
  }
}

async function checkpoint(): Promise<string> {
  await psql.query('select lakeloop.take_checkpoint()');
  return one<string>('select max(id)::text as value from audit.checkpoint');
}

const page = async (table: string, query = ''): Promise<HistoryPage> => (await stand.call<HistoryPage>('GET', `/v1/history/${table}?limit=1000${query}`)).body;
const rowsOf = async (query = ''): Promise<unknown> => (await stand.call('GET', `/rest/v1/item?order=id${query}`)).body;
const segments = (): Promise<number> => one<number>('select count(*)::int as value from audit.segment');

/** Writes one row after the other until it is told to stop; resolves with how many it has written. */
function writer(first: number): () => Promise<number> {
  let going = true;
  const work = (async () => {
    const client = await connected();
    let written = 0;
    for (; going; written += 1) await client.query('insert into app.busy values ($1, 0)', [first + written]);
    await client.end();
    return written;
  })();
  return () => {
    going = false;
    return work;
  };
}

const step = fc.tuple(fc.constantFrom('insert', 'bulk', 'update', 'delete', 'truncate', 'checkpoint', 'close', 'close'), fc.integer({ min: 1, max: 9 }));

describe('a log in segments', () => {
  it('is the same log: history, the past and undo, while others write', async () => {
    const stops = [writer(0), writer(10_000_000)];
    const sql: Record<string, string> = {
      insert: 'insert into app.item values ($1, 0) on conflict (id) do update set n = item.n + 1',
      bulk: 'insert into app.item select i, 1 from generate_series($1, $1 + 1100) i on conflict do nothing',
      update: 'update app.item set n = n + 1 where id <= $1',
      delete: 'delete from app.item where id % 10 = $1',
    };
    const property = async (steps: readonly [string, number][]): Promise<void> => {
      await psql.query('truncate app.item');
      const began = await one<string>('select audit.last_id()::text as value');
      const copies: [string, unknown][] = [];
      for (const [kind, n] of steps) {
        if (kind === 'close') await close();
        else if (kind === 'truncate') await psql.query('truncate app.item');
        else if (kind === 'checkpoint') copies.push([await checkpoint(), await rowsOf('&id=lt.50')]);
        else await psql.query(sql[kind] ?? '', [n]);
      }
      const [history, ofRow] = [(await page('item')).changes, (await page('item', '&key=5')).changes];
      await close();
      expect([(await page('item')).changes, (await page('item', '&key=5')).changes]).toEqual([history, ofRow]);
      for (const [version, copy] of copies) expect(await rowsOf(`&id=lt.50&asOf=${version}`)).toEqual(copy);
      const { rows } = await psql.query<{ id: string; key: string }>(
        `select c.id::text, c.key ->> 'id' as key from audit.change c join lakeloop.adopted a on a.id = c.adopted_id where a.root = 'app.item'::regclass and c.log_id > $1 and c.key is not null order by c.id desc limit 1`,
        [began],
      );
      if (rows[0]) expect(await stand.call<UndoReport>('POST', '/v1/undo', { body: { change: rows[0].id } })).toMatchObject({ status: 200, body: { rows: 1 } });
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), property), { numRuns: 10 });
    const written = (await Promise.all(stops.map((stop) => stop()))).reduce((sum, each) => sum + each, 0);
    expect(await segments()).toBeGreaterThan(10);
    const { rows } = await psql.query(`select count(*)::int as entries, count(distinct key)::int as keys from audit.entry where table_name = 'busy'`);
    expect(rows).toEqual([{ entries: written, keys: written }]);
    const ordered = `select count(*)::int as value from audit.log_1 l where l.id > (select s.last_id from audit.segment s where s.number = 1)`;
    expect(await one<number>(ordered)).toBe(0);
    expect(await one<number>('select count(*)::int - count(distinct id)::int as value from audit.logged')).toBe(0);
  });

  it('is looked through by indexes, whatever segment it is', async () => {
    await psql.query('set enable_seqscan = off');
    const [some] = (await page('busy')).changes;
    for (const way of [`c.log_key = '{"id": 5}'`, `c.id = ${some?.id} and c.log_id between ${some?.id} - 999 and ${some?.id}`, 'c.request = 7']) {
      const { rows } = await psql.query<{ 'QUERY PLAN': string }>(`explain select c.id from audit.change c where ${way}`);
      expect(rows.map((line) => line['QUERY PLAN']).join('\n')).not.toMatch(/Seq Scan on (log|batch)(_\d+)? /);
    }
    await psql.query('reset enable_seqscan');
  });

  it('gives way to who has it open, and closes once they have ended; cut off, it is as it was', async () => {
    const [reader, closer] = [await connected(), await connected()];
    closer.on('error', () => undefined);
    await psql.query('insert into app.other values (1, 0)');
    const before = await segments();
    await reader.query('begin; select count(*) from audit.entry');
    await expect(psql.query('select lakeloop.close_segment(1)')).rejects.toMatchObject({ code: '55P03' });
    await psql.query('insert into app.other values (2, 0)');
    const closing = close(closer);
    closing.catch(() => undefined);
    while (
      (
        await psql.query(
          `select pg_terminate_backend(l.pid) from pg_locks l where l.relation = 'audit.log'::regclass and l.mode = 'AccessExclusiveLock' and not l.granted`,
        )
      ).rowCount === 0
    );
    await expect(closing).rejects.toThrow();
    expect(await segments()).toBe(before);
    await psql.query('insert into app.other values (3, 0)');
    await reader.query('commit');
    await close();
    expect(await segments()).toBe(before + 1);
    await psql.query('insert into app.other values (4, 0)');
    expect((await page('other')).changes.map(({ key }) => key?.['id'])).toEqual([4, 3, 2, 1]);
    await reader.end();
  });

  it('is read whole by an older snapshot, and a segment is dropped once nobody can see its rows', async () => {
    await close();
    const reader = await connected();
    await reader.query('begin isolation level repeatable read; select 1');
    const before = await segments();
    const count = 'select count(*)::int as n from audit.entry';
    const all = (await psql.query(count)).rows;
    await psql.query('insert into app.other values (5, 0)');
    await close();
    expect((await reader.query(count)).rows).toEqual(all);
    await psql.query('delete from audit.log_1; delete from audit.batch_1');
    const vacuum = async (): Promise<void> => {
      await psql.query('vacuum audit.log_1');
      await psql.query('vacuum audit.batch_1');
    };
    await vacuum();
    expect(await one<number>('select lakeloop.drop_segments() as value')).toBe(0);
    expect((await reader.query(count)).rows).toEqual(all);
    await reader.query('commit');
    await reader.end();
    // The service drops it.
    const there = `select to_regclass('audit.log_1') is not null as value`;
    while (await one<boolean>(there))
      await vacuum().catch((error: { code?: string }) => {
        if (error.code !== '42P01') throw error;
      });
    expect(await segments()).toBe(before);
    expect((await page('other', '&key=5')).changes).toHaveLength(1);
    const insert: Reply = await stand.call('POST', '/rest/v1/other', { body: { id: 6, n: 0 } });
    expect(insert.status).toBe(201);
  });

  it('is closed by the service when it is a month old', async () => {
    await psql.query(`insert into app.other values (7, 0)`);
    const before = await segments();
    await psql.query(`update audit.log set at = at - interval '31 days' where id = (select min(id) from audit.log)`);
    while ((await segments()) === before);
    expect((await page('other', '&key=7')).changes).toHaveLength(1);
  });

  it('is nobody else’s to close or drop', async () => {
    const analyst = await connected();
    await analyst.query('set role analyst');
    for (const sql of ['select lakeloop.close_segment(1)', 'select lakeloop.drop_segments()', 'drop table audit.log_2', 'select * from audit.logged'])
      await expect(analyst.query(sql)).rejects.toMatchObject({ code: '42501' });
    await analyst.end();
  });
});
