import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { quoteIdentifier } from '#libs/postgres/identifiers';

export interface TestDatabase {
  name: string;
  /** URL of the superuser in this database. */
  url: string;
  /** URL of another login in this database. */
  urlAs(user: string, password: string): string;
  /** One superuser connection, for setting up and looking. */
  client: pg.Client;
  drop(): Promise<void>;
}

/** Connection URL of the run's Postgres, started by global-setup/postgres.ts. */
export function testServerUrl(): string {
  const url = process.env['LAKELOOP_TEST_POSTGRES_URL'];
  if (!url) throw new Error('no test Postgres: run through jest with the project of this suffix (see docs/testing.md)');
  return url;
}

/** A database of a test's own. Roles are shared by the whole server: give them names of the test's own with `uniqueName`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = uniqueName('t');
  await onServer((client) => client.query(`create database ${quoteIdentifier(name)} template template0`));
  const url = withDatabase(testServerUrl(), name);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return { name, url, urlAs: (user, password) => asUser(url, user, password), client, drop: () => drop(name, client) };
}

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

async function drop(name: string, client: pg.Client): Promise<void> {
  await client.end().catch(() => undefined);
  await onServer(async (server) => {
    await server.query('select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1 and active', [name]);
    await untilSlotsAreFree(server, name);
    await server.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1', [name]);
    await server.query(`drop database ${quoteIdentifier(name)} with (force)`);
  });
}

/** A terminated walsender gives up its slot a moment later. */
async function untilSlotsAreFree(server: pg.Client, name: string): Promise<void> {
  for (let busy = true; busy;) {
    const { rowCount } = await server.query('select pg_sleep(0.005) from pg_replication_slots where database = $1 and active', [name]);
    busy = (rowCount ?? 0) > 0;
  }
}

async function onServer(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return parsed.toString();
}

function asUser(url: string, user: string, password: string): string {
  const parsed = new URL(url);
  parsed.username = encodeURIComponent(user);
  parsed.password = encodeURIComponent(password);
  return parsed.toString();
}
