import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { installGovernance } from '#libs/governance/install';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import type { ChangePage } from './changes.ts';
import { changesOfTable } from './table-changes.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  await installGovernance({ adminUrl: database.url, logger: createLogger({ service: 'test', level: 'silent' }) });
  pool = new pg.Pool({ connectionString: database.url });
  await database.client.query(`create schema shop; grant usage on schema shop to lakeloop_owner;
    create table shop.a (id integer primary key, n integer); create table shop.b (id integer primary key, n integer); create table shop.c (id numeric primary key, n integer);
    select lakeloop.adopt('shop.a'), lakeloop.adopt('shop.b'), lakeloop.adopt('shop.c')`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const tables = ['a', 'b', 'c'] as const;
type Table = (typeof tables)[number];

async function adoptedId(table: Table): Promise<number> {
  return (await database.client.query<{ id: number }>(`select id from lakeloop.adopted where root = $1::regclass`, [`shop.${table}`])).rows[0]?.id ?? 0;
}

/** As the audit itself has them, whatever is noted of it. */
async function idsOf(table: Table): Promise<string[]> {
  const { rows } = await database.client.query<{ id: string }>('select c.id::text from audit.change c where c.adopted_id = $1 order by c.id desc', [
    await adoptedId(table),
  ]);
  return rows.map(({ id }) => id);
}

/** Page by page. */
async function listed(table: Table, limit: number, filter: Partial<ChangePage> = {}): Promise<string[]> {
  const found: string[] = [];
  let before: string | undefined;
  do {
    const page = await changesOfTable(pool, await adoptedId(table), { ...filter, before, limit });
    expect(page.changes.length).toBeLessThanOrEqual(limit);
    found.push(...page.changes.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  return found;
}

/** Transactions of other databases of the server may be open too: then a checkpoint more is needed. */
async function seeEverything(): Promise<void> {
  const text = `select c.floor = audit.last_id() as whole from audit.checkpoint c order by c.id desc limit 1`;
  while (!(await database.client.query<{ whole: boolean }>(text)).rows[0]?.whole) await database.client.query('select lakeloop.take_checkpoint()');
}

/** What the newest checkpoint sees, as if an hour had passed. */
async function note(): Promise<number> {
  await database.client.query(`update audit.logged set at = at - interval '2 hours' where id > (select last_id from audit.blocks_end)`);
  await database.client.query('select lakeloop.take_checkpoint()');
  let noted = 0;
  for (let done = 1; done > 0; noted += done) done = (await database.client.query<{ n: number }>('select lakeloop.note_blocks() as n')).rows[0]?.n ?? 0;
  return noted;
}

const write = fc.record({
  table: fc.constantFrom(...tables),
  first: fc.integer({ min: 1, max: 40 }),
  count: fc.constantFrom(0, 1, 3, 9, 1_200),
  kind: fc.constantFrom('upsert', 'update', 'delete', 'truncate', 'note', 'note'),
});

describe('the changes of a table', () => {
  it('are all there, in their order, whatever is noted of where they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { minLength: 3, maxLength: 12 }), fc.constantFrom(1, 7, 1_000), async (writes, limit) => {
        for (const { table, first, count, kind } of writes) {
          const where = `where id between ${first} and ${first + count}`;
          if (kind === 'note') await note();
          else if (kind === 'upsert')
            await database.client.query(
              `insert into shop.${table} select i, 0 from generate_series(${first}, ${first + count}) i on conflict (id) do update set n = excluded.n + 1`,
            );
          else if (kind === 'update') await database.client.query(`update shop.${table} set n = n + 1 ${where}`);
          else if (kind === 'delete') await database.client.query(`delete from shop.${table} ${where}`);
          else await database.client.query(`truncate shop.${table}`);
        }
        for (const table of tables) {
          const all = await idsOf(table);
          const [page, ...pages] = [all.slice(0, limit), ...(limit === 1 ? [] : [all])];
          expect((await changesOfTable(pool, await adoptedId(table), { before: undefined, limit })).changes.map(({ id }) => id)).toEqual(page);
          for (const each of pages) expect(await listed(table, limit === 7 ? 97 : limit)).toEqual(each);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('are found by who and when through blocks that others fill', async () => {
    await database.client.query(`truncate shop.a; insert into shop.a select i, 0 from generate_series(1, 20) i`);
    const before = (await database.client.query<{ at: string }>('select clock_timestamp()::text as at')).rows[0]?.at;
    await database.client.query(`update shop.a set n = 1 where id = 5; insert into shop.c select i, 0 from generate_series(10000, 19000) i`);
    const all = await idsOf('a');
    expect(await listed('a', 10, { since: before })).toEqual(all.slice(0, 1));
    await seeEverything();
    expect(await note()).toBeGreaterThan(1);
    await database.client.query(`update shop.a set n = 2 where id = 6`);
    expect(await listed('a', 10, { until: new Date(Date.now() - 3_600_000).toISOString() })).toEqual(all);
    expect(await listed('a', 3, { actor: 'nobody' })).toEqual([]);
    expect(await listed('c', 1_000, { actor: 'postgres' })).toEqual(await idsOf('c'));
  });

  it('are not noted while a transaction is open that may have some among them', async () => {
    await seeEverything();
    await note();
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    await other.query('begin');
    await other.query(`insert into shop.b values (7001, 0)`);
    await database.client.query(`insert into shop.b values (7002, 0)`);
    expect(await note()).toBe(0);
    await other.query('commit');
    await other.end();
    await seeEverything();
    expect(await note()).toBe(1);
    expect(await listed('b', 5)).toEqual(await idsOf('b'));
  });
});
