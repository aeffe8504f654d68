import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestPostgres } from '#libs/testing/own-postgres';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { runCli } from '../testing/run-cli.ts';

let database: TestDatabase;

const TABLES = `create schema app; create table app."Od.d" (id integer primary key, name text); insert into app."Od.d" values (1, 'a');
    create table app.parts (id integer, at date, primary key (id, at)) partition by range (at); create table app.parts_1 partition of app.parts for values from ('2026-01-01') to ('2027-01-01');
    create table app.keyless (name text); create unlogged table app.quick (id integer primary key); create table app.secured (id integer primary key); alter table app.secured enable row level security`;

beforeEach(async () => {
  database = await createTestDatabase();
  await database.client.query(TABLES);
});
afterEach(() => database.drop());

const lakeloop = (...args: string[]): Promise<string[]> => runCli({ ADMIN_DATABASE_URL: database.url }, args);

/** What a command could have changed in this database. */
const objects = async (client = database.client): Promise<unknown> =>
  (
    await client.query(`select (select array_agg(nspname order by 1) from pg_namespace) as schemas, (select array_agg(tgname order by 1) from pg_trigger where not tgisinternal) as triggers,
      (select array_agg(pubname order by 1) from pg_publication) as publications, (select array_agg(relname::text || relreplident::text order by 1) from pg_class where relnamespace = 'app'::regnamespace) as tables`)
  ).rows;

describe('lakeloop doctor', () => {
  it('says what the database lacks, with the SQL that mends it, and changes nothing', async () => {
    const before = await objects();
    const text = (await lakeloop('doctor')).join('\n');
    expect(text).toContain('✓ wal_level is logical');
    expect(text).toContain('! 1 without a primary key');
    expect(text).toContain('    alter table app.keyless add primary key (…);');
    expect(text).toContain('alter table app.quick set logged;');
    expect(text).toContain('-- app.secured');
    expect(text).toContain('· Lakeloop is not installed here yet');
    expect(text).toContain('✓ 5 tables, 0 adopted, 4 with a primary key');
    expect(await objects()).toEqual(before);
  });

  it('finds slots that nobody reads, and a login that may not install', async () => {
    const { rows } = await database.client.query<{ name: string }>(`select 'forgotten_' || oid as name from pg_database where datname = current_database()`);
    const slot = rows[0]?.name ?? '';
    await database.client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    expect((await lakeloop('doctor')).join('\n')).toContain(`nobody reads the slot ${slot}`);
    const login = `cli_${slot}`;
    await database.client.query(`create role ${login} login password 'test'`);
    const url = database.urlAs(login, 'test');
    const lines: string[] = [];
    await expect(runCli({ ADMIN_DATABASE_URL: url }, ['doctor', '--json'], lines)).rejects.toThrow('1 thing has to be mended first');
    const problems = lines.map((line) => JSON.parse(line) as { state: string; fix: string[] }).filter(({ state }) => state === 'problem');
    expect(problems).toEqual([
      expect.objectContaining({ fix: [`alter role "${login}" createrole;`, expect.stringContaining(`to "${login}" with grant option;`)] }),
    ]);
    await database.client.query(`drop role ${login}`);
  });
});

describe('lakeloop init', () => {
  it('prints every statement with the privilege that it needs, changes nothing, and its SQL installs', async () => {
    // Roles belong to a whole server: on a shared one another test may make them between the printing and the running.
    const server = await TestPostgres.start();
    try {
      const { client, drop } = await server.database();
      await client.query(TABLES);
      const before = await objects(client);
      const printed = await runCli({ ADMIN_DATABASE_URL: server.url }, ['init', '--dry-run']);
      expect(await objects(client)).toEqual(before);
      expect(printed.at(-1)).toMatch(/^-- \d+ statements; nothing was changed$/);
      for (const expected of [
        /^create schema if not exists lakeloop[^]*-- CREATE on the database$/m,
        /^create publication lakeloop[^]*-- CREATE on the database$/m,
        /create event trigger[^]*-- a superuser$/m,
        /create table audit\.log/,
      ])
        expect(printed.some((statement) => expected.test(statement))).toBe(true);
      await client.query(`begin; ${printed.join('\n')}`);
      await client.query(`select lakeloop.adopt('app."Od.d"')`);
      await client.query('rollback');
      await drop();
    } finally {
      await server.stop();
    }
  });

  it('installs once, and has nothing left to do but grants', async () => {
    expect(await lakeloop('init')).toEqual([
      expect.stringContaining('installed'),
      expect.stringContaining('no password was given for lakeloop_write'),
      expect.stringContaining('adopt'),
    ]);
    const again = (await lakeloop('init', '--dry-run')).join('\n');
    expect(again).not.toMatch(/create (schema (?!if not exists)|table|role|publication)/);
    expect(await lakeloop('init')).toHaveLength(3);
  });
});

describe('lakeloop adopt and detach', () => {
  it('adopt tables by name, dry first; detach leaves them as they were, and the audit', async () => {
    await expect(lakeloop('adopt', 'app.parts')).rejects.toThrow('run lakeloop init');
    await lakeloop('init');
    const before = await objects();
    expect((await lakeloop('adopt', 'app.Od.d', '--dry-run')).join('\n')).toContain('alter table "app"."Od.d" replica identity full;  -- owner of the table');
    expect(await objects()).toEqual(before);
    expect(await lakeloop('adopt', 'app.Od.d', 'app.parts')).toEqual(['adopted app.Od.d', 'adopted app.parts']);
    await database.client.query(`update app."Od.d" set name = 'b'; insert into app.parts values (1, '2026-05-05')`);
    expect(await audited()).toBe(2);
    expect((await lakeloop('detach', 'app.Od.d', '--dry-run')).at(-1)).toBe('-- nothing was changed');
    expect(await lakeloop('detach', 'app.Od.d')).toEqual(['detached app.Od.d']);
    await database.client.query(`update app."Od.d" set name = 'c'; alter table app."Od.d" add later text; insert into app.parts values (2, '2026-05-05')`);
    expect(await audited()).toBe(3);
    await database.client.query(`alter table app."Od.d" drop later`);
    expect(await lakeloop('detach', '--all')).toEqual(['detached app.parts', expect.stringContaining('the audit stays')]);
    const { rows } = await database.client
      .query(`select (select count(*)::int from pg_trigger where tgname like 'lakeloop%') as triggers, (select count(*)::int from pg_publication) as publications,
      (select count(*)::int from pg_event_trigger) as events, (select count(*)::int from pg_class where relreplident = 'f') as full, (select count(*)::int from pg_proc where pronamespace = 'audit'::regnamespace and proname like 'record_%') as recorders`);
    expect(rows).toEqual([{ triggers: 0, publications: 0, events: 0, full: 0, recorders: 0 }]);
    expect(await audited()).toBe(3);
  });

  it('drop the slot, which would fill the disk', async () => {
    await lakeloop('init');
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>(`select 'cli_' || oid as name from pg_database where datname = current_database()`);
    const slot = rows[0]?.name ?? '';
    await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    await runCli({ ADMIN_DATABASE_URL: database.url, CDC_SLOT: slot }, ['detach', '--all']);
    expect((await client.query('select from pg_replication_slots where slot_name = $1', [slot])).rowCount).toBe(0);
    await client.end();
  });

  it('say what is wrong', async () => {
    await lakeloop('init');
    await expect(lakeloop('adopt')).rejects.toThrow('which table?');
    await expect(lakeloop('adopt', 'app.absent')).rejects.toThrow('there is no table app.absent');
    await expect(lakeloop('adopt', 'app.keyless')).rejects.toThrow('has no primary key');
    await expect(lakeloop('detach')).rejects.toThrow('or --all');
  });
});

async function audited(): Promise<number> {
  const { rows } = await database.client.query<{ n: number }>('select count(*)::int as n from audit.entry');
  return rows[0]?.n ?? 0;
}
