import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { appliedMigrations, migrate } from '#libs/postgres/migrate';
import type { Logger } from '#libs/runtime/logger';
import { GOVERNANCE_MIGRATIONS } from './migrations/all.ts';
import { ensureRoles, LOGINS, type LoginName, OWNER_ROLE, SERVICE_LOGINS } from './roles.ts';

export interface InstallOptions {
  /** A login that may create roles and schemas: a superuser, or one with CREATEROLE that owns the database, or may grant CREATE on it. */
  adminUrl: string;
  logger: Logger;
  /** Passwords to set; a login without one keeps what it has. */
  logins?: Partial<Record<LoginName, string>>;
}

/** The publication that adopted tables join. */
export const PUBLICATION = 'lakeloop';

const BOOKKEEPING = { schema: 'lakeloop', table: 'migrations_governance', migrations: GOVERNANCE_MIGRATIONS };

/** Roles, schemas, migrations, privileges, publication and event trigger. Idempotent, and safe when run concurrently. */
export async function installGovernance({ adminUrl, logger, logins }: InstallOptions): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-install' });
  await client.connect();
  try {
    await ensureRoles(client, logins);
    // One lock for the rest: migrate() takes its own on another connection.
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await install(client, logger, async () => void (await migrate({ connectionString: adminUrl, ...BOOKKEEPING, logger })));
  } finally {
    await client.end();
  }
}

/** The statements that `installGovernance` would run on this database as it is, in their order. Passwords are not among them. Looks, and changes nothing. */
export async function planGovernance({ adminUrl, logger }: Omit<InstallOptions, 'logins'>): Promise<string[]> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'lakeloop-install' });
  await client.connect();
  try {
    const statements: string[] = [];
    const noting = notingClient(client, statements);
    await ensureRoles(noting);
    await install(noting, logger, () => noteMigrations(client, noting));
    return statements;
  } finally {
    await client.end();
  }
}

async function install(client: pg.Client, logger: Logger, migrations: () => Promise<void>): Promise<void> {
  await prepareSchemas(client);
  await migrations();
  await client.query(PRIVILEGES);
  await ensurePublication(client);
  await ensureEventTrigger(client, logger);
}

/** Asks what is asked, and notes what would be done. */
function notingClient(client: pg.Client, statements: string[]): pg.Client {
  const query = (text: string, values?: unknown[]): Promise<unknown> => {
    if (/^\s*select\b/i.test(text)) return client.query(text, values);
    statements.push(text.trim());
    return Promise.resolve({ rows: [], rowCount: 0 });
  };
  return { query } as unknown as pg.Client;
}

async function noteMigrations(client: pg.Client, noting: pg.Client): Promise<void> {
  const applied = new Set(await appliedMigrations(async (text, values) => (await client.query<Record<string, unknown>>(text, values)).rows, BOOKKEEPING));
  const runner = {
    query: async (text: string): Promise<unknown[]> => ((await noting.query(text)) as { rows: unknown[] }).rows,
  } as unknown as QueryRunner;
  for (const migration of GOVERNANCE_MIGRATIONS.map((each) => new each())) if (!applied.has(migration.name ?? '')) await migration.up(runner);
}

const LOCK = 0x6c6c696e;

async function prepareSchemas(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  await client.query(`grant connect, create on database ${quoteIdentifier(rows[0]?.name ?? '')} to ${OWNER_ROLE}`);
  // A mirror's new rows wait in temporary tables, and so does the plan of an undo.
  await client.query(`grant temporary on database ${quoteIdentifier(rows[0]?.name ?? '')} to ${LOGINS.lakehouse}, ${LOGINS.write}`);
  await client.query(`create schema if not exists lakeloop authorization ${OWNER_ROLE}; create schema if not exists audit authorization ${OWNER_ROLE}`);
}

const SERVICES = SERVICE_LOGINS.join(', ');

/** NOINHERIT logins inherit nothing from lakeloop_service: each is granted what it needs itself. */
const PRIVILEGES = `
grant usage on schema lakeloop to public;
grant insert, select (id) on lakeloop.opening to ${SERVICES};
grant select on lakeloop.kept_key to ${SERVICES};
grant select (id), update (outcome) on lakeloop.outcome to ${SERVICES};
grant execute on function lakeloop.await_key, lakeloop.open, lakeloop.forget_key to ${SERVICES};
grant select on lakeloop.policy to ${SERVICES}, auditor, administrator;
grant select, insert on lakeloop.inbox to ${LOGINS.workflow};
grant select on lakeloop.inbox to auditor, administrator;
grant select, update on lakeloop.mirror to ${LOGINS.lakehouse};
grant usage on schema audit to auditor, administrator;
grant select on audit.entry, audit.schema_version to auditor, administrator`;

/**
 * Empty at first; \`lakeloop.adopt\` adds tables. Through the root, a partitioned table is one topic. From PostgreSQL 18 on, stored generated columns are
 * published: adopted tables have REPLICA IDENTITY FULL, which covers them, and UPDATE fails on a table whose identity is not published whole.
 */
async function ensurePublication(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean; generated: boolean }>(
    "select exists (select from pg_publication where pubname = $1), current_setting('server_version_num')::int >= 180000 as generated",
    [PUBLICATION],
  );
  const options = `publish_via_partition_root = true${rows[0]?.generated ? ', publish_generated_columns = stored' : ''}`;
  if (rows[0]?.exists) {
    if (rows[0].generated) await client.query(`alter publication ${PUBLICATION} set (publish_generated_columns = stored)`);
    return;
  }
  await client.query(`create publication ${PUBLICATION} with (${options})`);
  await client.query(`alter publication ${PUBLICATION} owner to ${OWNER_ROLE}`);
}

/** Only a superuser creates event triggers. Without it, a table that changed refuses writes until it is adopted again. */
async function ensureEventTrigger(client: pg.Client, logger: Logger): Promise<void> {
  const exists = await client.query("select from pg_event_trigger where evtname = 'lakeloop_ddl'");
  if (exists.rowCount) return;
  const { rows } = await client.query<{ rolsuper: boolean }>('select rolsuper from pg_roles where rolname = current_user');
  if (!rows[0]?.rolsuper) return logger.warn('no superuser: after ALTER TABLE of an adopted table, run select lakeloop.adopt(table)');
  await client.query("create event trigger lakeloop_ddl on ddl_command_end when tag in ('ALTER TABLE', 'CREATE TABLE') execute function lakeloop.on_ddl()");
}
