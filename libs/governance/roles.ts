import type pg from 'pg';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import { retrying } from '#libs/runtime/backoff';

/** Owns our schemas and governed tables; nobody logs in as it. */
export const OWNER_ROLE = 'lakeloop_owner';
/** Marks service logins: a login is one if and only if it is a direct member. */
export const SERVICE_ROLE = 'lakeloop_service';

/** Logins of the services. CDC reads the log, so it is no service login: it never acts for anybody. */
export const LOGINS = {
  write: 'lakeloop_write',
  workflow: 'lakeloop_workflow',
  notification: 'lakeloop_notification',
  cdc: 'lakeloop_cdc',
  lakehouse: 'lakeloop_lakehouse',
  admin: 'lakeloop_admin',
} as const;
export type LoginName = keyof typeof LOGINS;
export const SERVICE_LOGINS = [LOGINS.write, LOGINS.workflow, LOGINS.notification] as const;

/** The row-security policy that lets `lakeloop_lakehouse` keep a mirror whose rows a policy filters. */
export const MIRROR_POLICY = 'mirror_writer';

/** Roles that people and agents act as. They never log in; the write and notification services become them. */
export const APP_ROLES = ['analyst', 'approver', 'finance', 'sales', 'supply', 'auditor', 'administrator', 'agent'] as const;

/** SQLSTATEs of two sessions creating or altering one role at once: roles belong to the whole cluster, so no lock of a database helps. */
const RACES = new Set(['23505', '42710', 'XX000', '40001', '40P01', '55P03']);

/** Creates what is missing of all roles; sets passwords where given. Safe when several databases of one cluster are installed at once. */
export async function ensureRoles(client: pg.ClientBase, passwords: Partial<Record<LoginName, string>> = {}): Promise<void> {
  const { rows } = await client.query<{ rolsuper: boolean }>('select rolsuper from pg_roles where rolname = current_user');
  for (const role of [OWNER_ROLE, SERVICE_ROLE, ...APP_ROLES]) await ensureRole(client, role, 'nologin');
  for (const login of SERVICE_LOGINS) await ensureRole(client, login, 'login noinherit');
  await ensureRole(client, LOGINS.admin, 'login inherit');
  // Reading the log shows every row already; the snapshot must not be filtered. Only a superuser may hand out the two attributes.
  await ensureRole(client, LOGINS.cdc, rows[0]?.rolsuper ? 'login replication bypassrls' : 'login');
  // Connects and reads the catalogue, which anybody may; it writes mirrors, and nothing else.
  await ensureRole(client, LOGINS.lakehouse, 'login noinherit');
  for (const login of SERVICE_LOGINS) await ensureMember(client, SERVICE_ROLE, login);
  for (const role of APP_ROLES) for (const login of [LOGINS.write, LOGINS.notification]) await ensureMember(client, role, login);
  await ensureMember(client, OWNER_ROLE, LOGINS.admin);
  await becomeOwner(client);
  await letCaptureRead(client);
  for (const [name, password] of Object.entries(passwords)) {
    await settled(client, `alter role ${quoteIdentifier(LOGINS[name as LoginName])} password ${quoteLiteral(password)}`);
  }
}

/** From PostgreSQL 16 on, who creates a role may grant it and not become it. */
async function becomeOwner(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ may: boolean | null; login: string }>(
    `select pg_has_role(to_regrole($1), 'usage') as may, current_user::text as login`,
    [OWNER_ROLE],
  );
  if (rows[0] && !rows[0].may) await settled(client, `grant ${quoteIdentifier(OWNER_ROLE)} to ${quoteIdentifier(rows[0].login)}`);
}

/** Where the login may not, a superuser has to: `lakeloop doctor` says so. */
async function letCaptureRead(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>(`select pg_has_role('pg_read_all_data', 'usage with admin option') as may`);
  if (rows[0]?.may) await ensureMember(client, 'pg_read_all_data', LOGINS.cdc);
}

/** Creates a flow's principal: a NOLOGIN role that the workflow service may become. */
export async function ensureFlowRole(client: pg.ClientBase, role: string): Promise<void> {
  await ensureRole(client, role, 'nologin');
  await ensureMember(client, role, LOGINS.workflow);
}

/** `attributes` are SQL of ours, never input. An existing role is left as it is. */
export async function ensureRole(client: pg.ClientBase, role: string, attributes: string): Promise<void> {
  const exists = await client.query('select from pg_roles where rolname = $1', [role]);
  if (!exists.rowCount) await settled(client, `create role ${quoteIdentifier(role)} ${attributes}`, 'where not exists', role);
}

export async function ensureMember(client: pg.ClientBase, role: string, member: string): Promise<void> {
  const is = await client.query('select from pg_auth_members where roleid = to_regrole($1) and member = to_regrole($2)', [
    quoteIdentifier(role),
    quoteIdentifier(member),
  ]);
  if (!is.rowCount) await settled(client, `grant ${quoteIdentifier(role)} to ${quoteIdentifier(member)}`);
}

/** Runs a statement on roles until no other session is in its way. `create role` that lost its race has nothing left to do. */
async function settled(client: pg.ClientBase, sql: string, _when?: 'where not exists', role?: string): Promise<void> {
  await retrying(
    async () => {
      if (role && (await client.query('select from pg_roles where rolname = $1', [role])).rowCount) return;
      await client.query(sql);
    },
    { initialMs: 5, maxMs: 100, retryable: (error) => RACES.has((error as { code?: string }).code ?? '') },
  );
}
