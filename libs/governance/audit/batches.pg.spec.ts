import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { installGovernance } from '../install.ts';
import { GOVERNANCE_MIGRATIONS } from '../migrations/all.ts';
import { leafOf, type LeafEntry } from './leaf.ts';

/**
 * Inserts of many rows are recorded in batches where the key's type allows it. `shop.batched` has such a key; `shop.single`, the same but for its key's type, is
 * recorded one row an entry: whatever is done to both leaves the same entries, in the same order.
 */
describe('inserts of many rows in the audit', () => {
  let database: TestDatabase;
  const rows = async <R extends object>(text: string, values: unknown[] = []): Promise<R[]> => (await database.client.query<R>(text, values)).rows;
  /** Inserts in their order, before the others: an update's entries come in the order of the join of its images. */
  const entriesOf = (table: string): Promise<object[]> =>
    rows(
      `select operation, key, before, after, columns from audit.entry where table_name = $1
       order by operation <> 'insert', case when operation = 'insert' then id end, operation, key::text, id`,
      [table],
    );

  beforeAll(async () => {
    database = await createTestDatabase();
    await installGovernance({ adminUrl: database.url, logger: createLogger({ service: 'test', level: 'silent' }) });
    await database.client.query(`set timezone = 'UTC'; create schema shop; grant usage on schema shop to lakeloop_owner;
      create table shop.batched (id int, b date, "A" text, at timestamptz, tags text[], number int, primary key (id, b, "A"));
      create table shop.single (like shop.batched, primary key (id, b, "A"));
      alter table shop.single alter id type numeric;
      create table shop.parted (id int primary key, label text) partition by range (id);
      create table shop.parted_1 partition of shop.parted for values from (0) to (2000); create table shop.parted_2 partition of shop.parted for values from (2000) to (9000);
      select lakeloop.adopt('shop.batched'), lakeloop.adopt('shop.single'), lakeloop.adopt('shop.parted')`);
  });
  afterAll(() => database.drop());

  it('leave the entries that one row at a time leaves, in their order', async () => {
    const from = fc.integer({ min: 1, max: 40 });
    const insert = fc.tuple(from, fc.constantFrom(1, 7, 8, 9, 25, 1_008, 1_009, 2_100), fc.boolean()).map(
      ([first, count, descending]) =>
        `insert into shop.@ select i, date '2026-01-31' + i % 3, 'a,"' || i, case when i % 2 = 0 then now() end, case when i % 5 > 0 then array['x', null, 'y' || i] end, i
           from generate_series(${first}, ${first + count - 1}) i order by i ${descending ? 'desc' : ''} on conflict (id, b, "A") do update set number = excluded.number + 1`,
    );
    const change = fc
      .tuple(from, fc.integer({ min: 0, max: 1_500 }))
      .map(([first, count]) => `update shop.@ set tags = null where id between ${first} and ${first + count}`);
    const remove = fc
      .tuple(from, fc.integer({ min: 0, max: 1_500 }))
      .map(([first, count]) => `delete from shop.@ where id between ${first} and ${first + count}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(insert, insert, change, remove), { minLength: 1, maxLength: 5 }), async (statements) => {
        await database.client.query(`begin; truncate shop.batched, shop.single`);
        for (const statement of statements) for (const table of ['batched', 'single']) await database.client.query(statement.replace('@', table));
        const [batched, single] = [await entriesOf('batched'), await entriesOf('single')];
        await database.client.query('rollback');
        expect(batched).toEqual(single);
      }),
      { numRuns: 20 },
    );
  });

  it('take a row of the log for a thousand entries, whose ids nothing else gets', async () => {
    await database.client.query(
      `insert into shop.batched select i, '2026-01-01', 'x' from generate_series(1, 2100) i; insert into shop.batched values (0, '2026-01-01', 'x')`,
    );
    const logged = await rows<{ n: number }>('select count(*)::int as n from audit.logged');
    expect(logged).toEqual([{ n: 8 + 3 + 1 }]);
    const found = await rows<{ id: string; place: string }>(`select id, (key ->> 'id') as place from audit.entry order by id`);
    expect(found.map(({ place }) => Number(place))).toEqual([...Array.from({ length: 2_100 }, (_, index) => index + 1), 0]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(2_101);
  });

  it('have the leaf of their own, and a salt that no other entry has', async () => {
    type Row = LeafEntry & { leaf: Buffer; salt: Buffer };
    const found =
      await rows<Row>(`select id, operation, table_schema as schema, table_name as table, schema_version as "schemaVersion", key::text, origin::text, before, after, salt, leaf
      from audit.entry where key is not null`);
    expect(found.length).toBeGreaterThan(2_000);
    for (const row of found) expect(leafOf(row).equals(row.leaf)).toBe(true);
    expect(new Set(found.map(({ salt }) => salt.toString('hex'))).size).toBe(found.length);
  });

  it('are found by key, id and request through indexes', async () => {
    const [some] = await rows<{ id: string; log_id: string; request_id: string }>(
      `select e.id, e.log_id, l.request_id from audit.entry e join audit.logged l on l.id = e.log_id where e.key ->> 'id' = '1500'`,
    );
    const key = `'{"b": "2026-01-01", "A": "x", "id": 1500}'::jsonb`;
    const ways = [
      `(c.log_key = ${key} or c.log_id = any (audit.batches_of(array[audit.key_hash(${key})]))) and (c.key_hash is null or c.key_hash = audit.key_hash(${key})) and c.key = ${key}`,
      `c.id = ${some?.id} and c.log_id between ${some?.id} - 999 and ${some?.id}`,
    ];
    for (const way of ways) expect(await rows(`select c.id from audit.change c where ${way}`)).toEqual([{ id: some?.id }]);
    await database.client.query('set enable_seqscan = off');
    for (const way of [...ways, `c.request = ${some?.request_id}`]) {
      const plan = await rows<{ 'QUERY PLAN': string }>(`explain select c.id from audit.change c where ${way}`);
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toMatch(/Seq Scan on (log|batch) /);
    }
    await database.client.query('reset enable_seqscan');
  });

  it('hold on partitions too, through the parent and directly', async () => {
    await database.client.query(
      `insert into shop.parted select i, 'r' || i from generate_series(1000, 2999) i; insert into shop.parted_2 select i, 'd' || i from generate_series(3000, 3099) i`,
    );
    const found = await rows<{ after: string[] }>(`select after from audit.entry where table_name = 'parted' order by id`);
    expect(found.map(({ after }) => after[1])).toEqual([
      ...Array.from({ length: 2_000 }, (_, index) => `r${index + 1_000}`),
      ...Array.from({ length: 100 }, (_, index) => `d${index + 3_000}`),
    ]);
  });

  it('are recorded where triggers are off, as replication turns them off', async () => {
    await database.client.query(
      `set session_replication_role = replica; insert into shop.parted select i, 'p' from generate_series(4000, 4099) i; reset session_replication_role`,
    );
    expect(await rows(`select count(*)::int as n from audit.entry where after[2] = 'p'`)).toEqual([{ n: 100 }]);
  });
});

it('begin for tables that were adopted before, and what was recorded stays', async () => {
  const database = await createTestDatabase();
  const install = { adminUrl: database.url, logger: createLogger({ service: 'test', level: 'silent' }) };
  const migrations = GOVERNANCE_MIGRATIONS as unknown as unknown[];
  const later = migrations.splice(migrations.findIndex((each) => (each as { name: string }).name.startsWith('AuditBatches')));
  try {
    await installGovernance(install);
    await database.client
      .query(`create table public.old (id int primary key, "read from audit.log" text); create table public.gone (id int primary key); select lakeloop.adopt('old'), lakeloop.adopt('gone');
      insert into old select generate_series(1, 20); drop table gone`);
    migrations.push(...later.splice(0));
    await installGovernance(install);
    await database.client.query('insert into old select generate_series(21, 40)');
    const { rows } = await database.client.query(
      `select (select count(*)::int from audit.logged) as log, count(*)::int as entries, array_agg((key ->> 'id')::int order by id) = array(select generate_series(1, 40)) as in_order from audit.entry`,
    );
    expect(rows).toEqual([{ log: 20 + 8 + 1, entries: 40, in_order: true }]);
  } finally {
    migrations.push(...later);
    await database.drop();
  }
});
