import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { runCli } from '../testing/run-cli.ts';

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

beforeEach(async () => {
  database = await createTestDatabase();
  await database.client.query(SCHEMA);
});
afterEach(() => database.drop());

const lakeloop = (...args: string[]): Promise<string[]> => runCli({ ADMIN_DATABASE_URL: database.url }, args);

it('looks at a database of a hundred tables on a page, and its SQL names each table as it is', async () => {
  const text = (await lakeloop('doctor')).join('\n');
  expect(text).toContain('✓ 105 tables, 0 adopted, 103 with a primary key');
  expect(text).toContain('alter table erp."key less" add primary key (…);');
  expect(text).toContain('-- erp.secured');
  for (const other of ['erp.seen', 'erp.kept', 'erp.far', 'parts_1']) expect(text).not.toContain(other);
  expect(text.split('\n').length).toBeLessThan(60);
});

describe('once Lakeloop is installed', () => {
  beforeEach(() => lakeloop('init'));

  it('adopts all of those with a key by patterns, partitions with their root, says which it left out, and takes them out again', async () => {
    const tried = await lakeloop('adopt', '*.*', '--dry-run');
    expect(tried).toContain('-- skipped erp.key less: it has no primary key');
    expect(tried.filter((line) => line.startsWith('alter publication'))).toHaveLength(103);
    expect((await database.client.query('select from lakeloop.adopted')).rowCount).toBe(0);
    const adopted = await lakeloop('adopt', 'erp.*', 'Année 2026.Sel*');
    expect(adopted.filter((line) => line.startsWith('adopted '))).toHaveLength(103);
    expect((await database.client.query('select count(*)::int as n from lakeloop.adopted')).rows).toEqual([{ n: 103 }]);
    await database.client.query(`insert into erp.parts_1_1 values (1, '2026-01-05'); insert into erp."table 3 ""näme""" values (1, 'a')`);
    expect((await database.client.query(`select table_name::text as name from audit.entry order by id`)).rows).toEqual([
      { name: 'parts' },
      { name: 'table 3 "näme"' },
    ]);
    expect((await lakeloop('doctor')).join('\n')).toContain('✓ 105 tables, 103 adopted');
    expect(await lakeloop('detach', 'erp.table*')).toHaveLength(90);
    expect(await lakeloop('detach', 'erp.table*')).toEqual(['-- none of them is adopted']);
    expect((await database.client.query('select count(*)::int as n from lakeloop.adopted')).rows).toEqual([{ n: 13 }]);
    await expect(lakeloop('adopt', 'nowhere.*')).rejects.toThrow('there is no table nowhere.*');
  });

  it('adopts what it can of several, and says what it could not', async () => {
    await database.client.query('create schema odd; create table odd.good (id int primary key); create view odd.seen as select 1 as id');
    await expect(lakeloop('adopt', 'odd.seen', 'odd.good')).rejects.toThrow('1 of 2 tables was refused');
    expect((await database.client.query(`select from lakeloop.adopted where root = 'odd.good'::regclass`)).rowCount).toBe(1);
  });

  it('lets readers pass while somebody holds a table that it is to adopt', async () => {
    const { client, url } = database;
    await client.query('create schema held; create table held.long (id int primary key)');
    const [holder, reader] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
    await Promise.all([holder.connect(), reader.connect()]);
    await holder.query('begin; select * from held.long');
    const adopting = lakeloop('adopt', 'held.long');
    const waiting = `select from pg_locks where relation = 'held.long'::regclass and not granted`;
    for (let waits = false; !waits;) waits = ((await client.query(waiting)).rowCount ?? 0) > 0;
    await reader.query(`set statement_timeout = '10s'`);
    expect((await reader.query('select * from held.long')).rowCount).toBe(0);
    await holder.query('commit');
    expect(await adopting).toEqual(['adopted held.long']);
    await Promise.all([holder.end(), reader.end()]);
  });

  it('lets TRUNCATE through on tables and partitions of somebody else, and has it recorded', async () => {
    const { client } = database;
    const owner = uniqueName('theirs');
    await client.query(`create role ${owner}; create schema theirs authorization ${owner}; set role ${owner}; create table theirs.plain (id int primary key, "@table" text, "a$body$b" text, "it's $q$" text);
    create table theirs.parts (id int primary key) partition by range (id); create table theirs.parts_1 partition of theirs.parts for values from (0) to (9); reset role`);
    await lakeloop('adopt', 'theirs.*');
    await client.query(`insert into theirs.plain values (1); insert into theirs.parts values (2)`);
    await client.query(`set role ${owner}; truncate theirs.plain, theirs.parts; reset role`);
    const recorded = `select table_name::text as name, key from audit.entry where operation = 'truncate' and table_schema = 'theirs' and key is not null order by id`;
    expect((await client.query(recorded)).rows).toEqual([
      { name: 'plain', key: { id: 1 } },
      { name: 'parts', key: { id: 2 } },
    ]);
    // Its owner, who may not adopt it, goes on altering it.
    await client.query(`alter role ${owner} login password 'x'`);
    const login = new pg.Client({ connectionString: Object.assign(new URL(database.url), { username: owner, password: 'x' }).href });
    await login.connect();
    await login.query('alter table theirs.plain add column later text');
    await login.query('create table theirs.parts_2 partition of theirs.parts for values from (10) to (20)');
    await client.query('create schema ours; create table ours.kept (id int primary key)');
    await lakeloop('adopt', 'ours.kept');
    const { rows: others } = await client.query<{ oid: number }>(`select 'ours.kept'::regclass::oid as oid`);
    await expect(login.query('select lakeloop.renew($1::oid)', [others[0]?.oid])).rejects.toThrow(/is no adopted table of yours/);
    await login.end();
    await client.query(`insert into theirs.plain (id, later) values (5, 'new'); insert into theirs.parts values (15)`);
    expect(
      (
        await client.query(
          `select table_name::text as name, after from audit.entry where operation = 'insert' and key in ('{"id": 5}', '{"id": 15}') order by id`,
        )
      ).rows,
    ).toEqual([
      { name: 'plain', after: ['5', null, null, null, 'new'] },
      { name: 'parts', after: ['15'] },
    ]);
    // With nobody's rights but those: who may replace what Lakeloop's functions call can't have a superuser call it.
    const escalating = `select p.oid::regprocedure::text from pg_proc p join pg_roles r on r.oid = p.proowner
    where p.prosecdef and r.rolsuper and p.pronamespace in ('lakeloop'::regnamespace, 'audit'::regnamespace)`;
    expect((await client.query(escalating)).rows).toEqual([]);
    await client.query('revoke usage on schema theirs from lakeloop_owner');
    expect((await lakeloop('doctor')).join('\n')).toContain('grant usage on schema theirs to lakeloop_owner;');
    await client.query('grant usage on schema theirs to lakeloop_owner');
    await lakeloop('detach', 'theirs.*');
    expect((await client.query(`select has_schema_privilege('${owner}', 'audit', 'usage') as may`)).rows).toEqual([{ may: false }]);
    await client.query(`drop schema theirs cascade; drop role ${owner}`);
  });
});
