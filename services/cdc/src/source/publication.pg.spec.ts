import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { createPool } from '#libs/postgres/pool';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { PublicationReconciler } from './publication-reconciler.ts';
import { TablePatterns } from './table-patterns.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

async function reconcile(patterns: readonly string[], url = database.url): Promise<void> {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const pool = createPool({ connectionString: url, name: 'test', max: 1 });
  try {
    await new PublicationReconciler({ pool, publication: 'p', patterns: new TablePatterns(patterns), rowFilters: {}, logger }).reconcile();
  } finally {
    await pool.end();
  }
}

async function published(): Promise<string[]> {
  const { rows } = await database.client.query<{ t: string }>(
    `select schemaname || '.' || tablename as t from pg_publication_tables where pubname = 'p' order by 1`,
  );
  return rows.map((row) => row.t);
}

describe('the publication', () => {
  it('has every table with a replica identity, and never our own or the system ones', async () => {
    await database.client.query(`create table keyed (id int primary key); create table keyless (id int); create table complete (id int);
      alter table complete replica identity full; create table nothing (id int primary key); alter table nothing replica identity nothing;
      create schema lakeloop; create table lakeloop.x (id int primary key); create schema lakeloop_more; create table lakeloop_more.x (id int primary key);
      create schema audit; create table audit.entry (id int primary key); create unlogged table fleeting (id int primary key);
      create table parts (id int primary key) partition by range (id); create table parts_1 partition of parts for values from (0) to (10)`);
    await reconcile([]);
    expect(await published()).toEqual(['public.complete', 'public.keyed', 'public.parts_1']);
  });

  it('follows explicit patterns, keyless tables included, and takes up new tables', async () => {
    await database.client.query(
      'create schema a; create table a.one (id int); create table a.two (id int primary key); create table public.a (id int primary key)',
    );
    await reconcile(['a.*', 'public.b?']);
    expect(await published()).toEqual(['a.one', 'a.two']);
    await database.client.query('create table a.three (id int primary key)');
    await reconcile(['a.*']);
    expect(await published()).toEqual(['a.one', 'a.three', 'a.two']);
  });

  it('is used as it is by a login that may not alter it, and asked for when it is missing', async () => {
    const login = uniqueName('login');
    await database.client.query(`create role ${login} login password 'x'; create table t (id int primary key)`);
    const url = database.urlAs(login, 'x');
    await expect(reconcile([], url)).rejects.toMatchObject({
      kind: 'dependency-unavailable',
      message: expect.stringContaining('CREATE PUBLICATION "p" FOR TABLE "public"."t"'),
    });
    await database.client.query('create publication p');
    await reconcile([], url);
    expect(await published()).toEqual([]);
    await database.client.query(`drop role ${login}`);
  });
});

describe('a replica identity that covers a stored generated column', () => {
  const WHOLE =
    'create table whole (id int primary key, a int, twice int generated always as (a * 2) stored); alter table whole replica identity full; insert into whole values (1, 1)';

  it.each([
    ['at first', async () => database.client.query(WHOLE)],
    ['later', async () => reconcile([]).then(() => database.client.query(WHOLE))],
  ])('still takes UPDATE and DELETE, whether the table is there %s', async (_when, make) => {
    await make();
    await reconcile([]);
    expect(await published()).toEqual(['public.whole']);
    await database.client.query('update whole set a = 2; delete from whole');
    expect((await database.client.query('select from whole')).rowCount).toBe(0);
  });
});

describe('CDC_TABLES', () => {
  it.each([
    ['a.b', { schema: 'a', name: 'b' }, true],
    ['a.b', { schema: 'a', name: 'bb' }, false],
    ['*.b*', { schema: 'x', name: 'bcd' }, true],
    ['a.b.c', { schema: 'a', name: 'b.c' }, true],
    ['a.(b|c)', { schema: 'a', name: 'b' }, false],
    ['audit.*', { schema: 'audit', name: 'entry' }, false],
  ])('%s on %j is %s', (pattern, table, expected) => {
    expect(new TablePatterns([pattern]).matches(table)).toBe(expected);
  });

  it('refuses a pattern without a schema', () => {
    expect(() => new TablePatterns(['orders'])).toThrow(/schema\.table/);
  });
});
