import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadConfig } from '#libs/runtime/config';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { cliSettings } from '../cli-config.ts';
import { runCommand } from '../commands.ts';

let database: TestDatabase;

/** A database as people have it: a hundred tables with a key and names of any kind, and beside them what can't be adopted, or not by itself. */
const SCHEMA = `
  create schema erp; create schema "Année 2026";
  do $$ begin for i in 1..90 loop execute format('create table erp.%I (id bigint primary key, name text)', 'table ' || i || case i % 3 when 0 then ' "näme"' when 1 then '; drop table x' else '' end); end loop; end $$;
  do $$ begin for i in 1..10 loop execute format('create table "Année 2026".%I (a int, b text, primary key (a, b))', 'Select ' || i); end loop; end $$;
  create table erp.parts (id int, at date, primary key (id, at)) partition by range (at);
  create table erp.parts_1 partition of erp.parts for values from ('2026-01-01') to ('2027-01-01') partition by range (at);
  create table erp.parts_1_1 partition of erp.parts_1 for values from ('2026-01-01') to ('2026-02-01');
  create table erp.parent (id int primary key); create table erp.child () inherits (erp.parent);
  create table erp."key less" (name text); create table erp.secured (id int primary key); alter table erp.secured enable row level security;
  create view erp.seen as select * from erp.parent; create materialized view erp.kept as select 1 as one;
  create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing; create foreign table erp.far (id int) server elsewhere`;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.client.query(SCHEMA);
});
afterAll(() => database.drop());

async function lakeloop(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const never = (): never => {
    throw new TypeError('this command needs no change log');
  };
  const config = loadConfig(cliSettings, { ADMIN_DATABASE_URL: database.url });
  await runCommand({ config, changeLog: never, print: (line) => void lines.push(line), fetch, signal: new AbortController().signal }, args);
  return lines;
}

it('looks at a database of a hundred tables on a page, and its SQL names each table as it is', async () => {
  const text = (await lakeloop('doctor')).join('\n');
  expect(text).toContain('✓ 105 tables, 0 adopted, 103 with a primary key');
  expect(text).toContain('alter table erp."key less" add primary key (…);');
  expect(text).toContain('-- erp.secured');
  for (const other of ['erp.seen', 'erp.kept', 'erp.far', 'parts_1']) expect(text).not.toContain(other);
  expect(text.split('\n').length).toBeLessThan(60);
});

it('adopts all of those with a key, partitions with their root', async () => {
  await lakeloop('init');
  const { rows } = await database.client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('erp', 'Année 2026') and c.relkind in ('r', 'p') and not c.relispartition and exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`,
  );
  for (const { name } of rows) await database.client.query('select lakeloop.adopt($1::regclass)', [name]);
  expect((await database.client.query('select count(*)::int as n from lakeloop.adopted')).rows).toEqual([{ n: 103 }]);
  await database.client.query(`insert into erp.parts_1_1 values (1, '2026-01-05'); insert into erp."table 3 ""näme""" values (1, 'a')`);
  expect((await database.client.query(`select table_name::text as name from audit.entry order by id`)).rows).toEqual([
    { name: 'parts' },
    { name: 'table 3 "näme"' },
  ]);
});
