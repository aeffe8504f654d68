import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type pg from 'pg';
import { TestPostgres } from '#libs/testing/own-postgres';
import { runCli } from '../testing/run-cli.ts';

let server: TestPostgres;
let superuser: pg.Client;
let url: string;

/** A server of its own: roles belong to all of it. */
beforeEach(async () => {
  server = await TestPostgres.start();
  const { client, urlAs } = await server.database();
  superuser = client;
  url = urlAs('lake_admin', 'test');
  await superuser.query(`create role erp_owner; create role lake_admin login password 'test'; create schema erp authorization erp_owner; set role erp_owner;
    create table erp.orders (id int primary key, name text, "@table" text, "a$body$b" text, "it's $q$" text); create table erp.parts (id int primary key) partition by range (id);
    create table erp.parts_1 partition of erp.parts for values from (0) to (9); reset role`);
});
afterEach(async () => {
  await superuser?.end();
  await server?.stop();
});

const lakeloop = (...args: string[]): Promise<string[]> => runCli({ ADMIN_DATABASE_URL: url, LAKELOOP_WRITE_PASSWORD: 'a-password-of-twelve' }, args);

/** What the doctor would have run, of its problems. */
async function fixes(): Promise<string[]> {
  const lines: string[] = [];
  await runCli({ ADMIN_DATABASE_URL: url }, ['doctor', '--json'], lines).catch(() => undefined);
  return lines.map((line) => JSON.parse(line) as { state: string; fix: string[] }).flatMap(({ state, fix }) => (state === 'problem' ? fix : []));
}

it('installs, adopts and detaches as a login that has what the doctor asks for, and nothing more', async () => {
  for (const sql of await fixes()) await superuser.query(sql);
  expect(await fixes()).toEqual([]);
  expect((await lakeloop('init'))[0]).toContain('installed');
  const doctor = (await lakeloop('doctor')).join('\n');
  expect(doctor).toContain('grant pg_read_all_data to lakeloop_cdc;  -- a superuser');
  await expect(lakeloop('adopt', 'erp.orders')).rejects.toThrow('permission denied for schema erp');
  expect(doctor).toContain('2 belong to others');
  expect(doctor).toContain('grant erp_owner to "lake_admin";');
  await superuser.query('grant erp_owner to lake_admin');
  expect((await lakeloop('doctor')).join('\n')).not.toContain('belong to others');
  expect(await lakeloop('adopt', 'erp.*')).toEqual(['adopted erp.orders', 'adopted erp.parts']);
  await superuser.query(
    `set role erp_owner; insert into erp.orders values (1, 'a'); insert into erp.parts values (2); truncate erp.orders, erp.parts; reset role`,
  );
  const { rows } = await superuser.query(`select operation, count(*)::int as n from audit.entry group by 1 order by 1`);
  expect(rows).toEqual([
    { operation: 'insert', n: 2 },
    { operation: 'truncate', n: 5 },
  ]);
  await superuser.query('set role erp_owner; alter table erp.orders add column later text');
  await expect(superuser.query('insert into erp.orders values (3)')).rejects.toThrow('the table has changed since it was adopted');
  await superuser.query('reset role');
  expect(await lakeloop('adopt', 'erp.orders')).toEqual(['adopted erp.orders']);
  await superuser.query('set role erp_owner; insert into erp.orders values (3); reset role');
  // A table of ours in a schema of somebody else's.
  await superuser.query(
    'create schema shared; grant usage, create on schema shared to erp_owner; set role erp_owner; create table shared.note (id int primary key); reset role',
  );
  expect(await lakeloop('adopt', 'shared.note')).toEqual([
    expect.stringMatching(/^! TRUNCATE of shared.note will fail.*grant usage on schema shared to lakeloop_owner$/s),
    'adopted shared.note',
  ]);
  expect((await lakeloop('doctor')).join('\n')).toContain('grant usage on schema shared to lakeloop_owner;');
  expect(await lakeloop('detach', '--all')).toHaveLength(4);
  expect((await superuser.query(`select from pg_trigger where tgname like 'lakeloop%'`)).rowCount).toBe(0);
});

it('is told what it lacks where another login has made the roles, for another database of the server', async () => {
  for (const sql of await fixes()) await superuser.query(sql);
  await lakeloop('init');
  await lakeloop('detach', '--all');
  await superuser.query(`create role second_admin login createrole password 'test'; grant create on database postgres to second_admin with grant option`);
  await superuser.query('drop schema lakeloop, audit, lakeloop_archive, lakeloop_dropped cascade');
  url = (await server.database()).urlAs('second_admin', 'test');
  const [grant = '', ...others] = await fixes();
  expect(others).toEqual([]);
  expect(grant).toMatch(/^grant "administrator", .*"lakeloop_owner".* to "second_admin" with admin option;$/);
  await superuser.query(grant);
  expect((await lakeloop('init'))[0]).toContain('installed');
});
