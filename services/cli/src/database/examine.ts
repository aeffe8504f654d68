import type pg from 'pg';
import { GOVERNANCE_MIGRATIONS } from '#libs/governance/migrations/all';
import { APP_ROLES, LOGINS, OWNER_ROLE, SERVICE_ROLE } from '#libs/governance/roles';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';

/** One thing that was looked at. `fix`: SQL, or what to do where SQL does not help. */
export interface Finding {
  state: 'ok' | 'note' | 'warning' | 'problem';
  what: string;
  fix: string[];
}

const finding = (state: Finding['state'], what: string, ...fix: string[]): Finding => ({ state, what, fix });
const ok = (what: string): Finding => finding('ok', what);

/** SQL over `pg_class c` and `pg_namespace n`: tables of users. Partitions come with their root. */
export const USER_TABLES = `c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and n.nspname !~ '^(pg_|information_schema$|lakeloop|audit$)'`;
/** Names listed before the rest is counted. */
const MOST_LISTED = 20;
const RESTART = '-- then restart the server (on a managed one: the parameter group)';

/** Looks at everything that Lakeloop will need of a database, before anything is created in it. Needs no privilege beyond connecting. */
export async function examine(client: pg.Client, slot: string): Promise<Finding[]> {
  const facts = await factsOf(client);
  return [
    ...server(facts),
    pooler(client, facts),
    ...login(facts),
    ...(await slots(client, slot, facts)),
    await installed(client, facts),
    ...(await tables(client, facts)),
    ...(await untruncatable(client, facts)),
  ];
}

interface Facts {
  version: number;
  versionText: string;
  walLevel: string;
  recovery: boolean;
  readOnly: boolean;
  slotsUsed: number;
  slotsMax: number;
  sendersMax: number;
  keepSize: string;
  superuser: boolean;
  createrole: boolean;
  replication: boolean;
  createsInDatabase: boolean;
  /** Roles of ours that are there, and that this login may not grant. */
  foreignRoles: string[];
  /** Whether capture's login is there and may not read tables for a snapshot. */
  captureBlind: boolean;
  login: string;
  database: string;
  pid: number;
  installed: boolean;
  eventTrigger: boolean;
  owner: boolean;
}

async function factsOf(client: pg.Client): Promise<Facts> {
  const { rows } = await client.query<Facts>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as "versionText", current_setting('wal_level') as "walLevel",
      pg_is_in_recovery() as recovery, current_setting('transaction_read_only') = 'on' as "readOnly", (select count(*)::int from pg_replication_slots) as "slotsUsed",
      current_setting('max_replication_slots')::int as "slotsMax", current_setting('max_wal_senders')::int as "sendersMax", current_setting('max_slot_wal_keep_size') as "keepSize",
      r.rolsuper as superuser, r.rolcreaterole as createrole, r.rolreplication as replication, has_database_privilege(current_database(), 'create with grant option') as "createsInDatabase",
      array(select o.rolname::text from pg_roles o where o.rolname = any ($1) and not pg_has_role(current_user, o.oid, 'member with admin option') order by 1) as "foreignRoles",
      exists (select from pg_roles o where o.rolname = '${LOGINS.cdc}' and not pg_has_role(o.oid, 'pg_read_all_data', 'usage')) as "captureBlind",
      current_user as login, current_database() as database, pg_backend_pid() as pid, to_regclass('lakeloop.adopted') is not null as installed,
      exists (select from pg_event_trigger where evtname = 'lakeloop_ddl') as "eventTrigger",
      exists (select from pg_roles o where o.rolname = 'lakeloop_owner' and pg_has_role(current_user, o.oid, 'member')) as owner
    from pg_roles r where r.rolname = current_user`,
    [[OWNER_ROLE, SERVICE_ROLE, ...APP_ROLES, ...Object.values(LOGINS)]],
  );
  return rows[0] as Facts;
}

function server({ version, versionText, walLevel, recovery, readOnly, slotsUsed, slotsMax, sendersMax, keepSize }: Facts): Finding[] {
  return [
    version >= 140_000 ? ok(`PostgreSQL ${versionText}`) : finding('problem', `PostgreSQL ${versionText}: 14 or newer is needed`, '-- upgrade the server'),
    ...(recovery ? [finding('problem', 'this server is a standby', '-- connect to the primary')] : []),
    ...(readOnly && !recovery ? [finding('problem', 'transactions are read-only here', 'alter database … set default_transaction_read_only = off;')] : []),
    walLevel === 'logical' ? ok('wal_level is logical') : finding('problem', `wal_level is ${walLevel}`, `alter system set wal_level = 'logical';`, RESTART),
    slotsUsed < slotsMax
      ? ok(`${slotsMax - slotsUsed} of ${slotsMax} replication slots are free`)
      : finding('problem', `all ${slotsMax} replication slots are taken`, `alter system set max_replication_slots = ${slotsMax + 4};`, RESTART),
    sendersMax > 0 ? ok(`max_wal_senders is ${sendersMax}`) : finding('problem', 'max_wal_senders is 0', 'alter system set max_wal_senders = 10;', RESTART),
    keepSize === '-1'
      ? finding(
          'warning',
          'a slot that is not read keeps log until the disk is full',
          `alter system set max_slot_wal_keep_size = '10GB';`,
          'select pg_reload_conf();',
        )
      : ok(`a slot keeps at most ${keepSize} of log`),
  ];
}

/** A pooler answers with a process id of its own. */
function pooler(client: pg.Client, { pid }: Facts): Finding {
  const { processID } = client as unknown as { processID: number | null };
  if (processID === null || processID === pid) return ok('no pooler between here and the server');
  return finding(
    'warning',
    'a connection pooler stands between here and the server: replication does not pass it, and settings of a session may be lost',
    '-- give capture (DATABASE_URL of cdc) and ADMIN_DATABASE_URL the server itself; for the other services pool by session',
  );
}

/** Whether this login may install, or edit what is installed. */
function installer({ superuser, createrole, createsInDatabase, foreignRoles, login: name, database, installed: there, owner }: Facts): Finding {
  const user = quoteIdentifier(name);
  if (there && (superuser || owner)) return ok(`${name} may edit what Lakeloop has made`);
  if (!superuser && !(createrole && createsInDatabase))
    return finding(
      'problem',
      `${name} may not install: it needs CREATEROLE, and CREATE on the database with GRANT OPTION (its owner has it)`,
      `alter role ${user} createrole;`,
      `grant create on database ${quoteIdentifier(database)} to ${user} with grant option;`,
    );
  if (foreignRoles.length === 0) return ok(`${name} may run lakeloop init`);
  return finding(
    'problem',
    `${name} may not install: Lakeloop's roles are there, for another database of this server, and it may not grant them`,
    `grant ${foreignRoles.map(quoteIdentifier).join(', ')} to ${user} with admin option;`,
  );
}

function login(facts: Facts): Finding[] {
  const { superuser, replication, login: name, eventTrigger, captureBlind, installed: there } = facts;
  return [
    installer(facts),
    ...(there && captureBlind
      ? [finding('note', `${LOGINS.cdc} may not read every table, which a first snapshot needs`, `grant pg_read_all_data to ${LOGINS.cdc};  -- a superuser`)]
      : []),
    ...(superuser || eventTrigger
      ? []
      : [
          finding(
            'warning',
            'no superuser: after ALTER TABLE of an adopted table, run lakeloop adopt again (until then it takes no writes)',
            '-- or let a superuser run lakeloop init once',
          ),
        ]),
    ...(superuser || replication
      ? []
      : [finding('note', `${name} has no REPLICATION; lakeloop_cdc needs it`, 'alter role lakeloop_cdc replication;  -- a superuser, once it is there')]),
  ];
}

async function slots(client: pg.Client, name: string, { walLevel }: Facts): Promise<Finding[]> {
  const { rows } = await client.query<{ slot: string; active: boolean; lost: boolean; behind: string; plugin: string | null }>(
    `select slot_name::text as slot, active, wal_status = 'lost' as lost, plugin::text,
       pg_size_pretty(pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)) as behind
     from pg_replication_slots where database = current_database() or database is null order by slot_name`,
  );
  const idle = rows.filter(({ active, slot, lost }) => (!active && slot !== name) || lost);
  return [
    ...idle.map(({ slot, lost, behind }) =>
      lost
        ? finding(
            slot === name ? 'problem' : 'warning',
            `the slot ${slot} is lost: the log that it needed is gone`,
            `select pg_drop_replication_slot(${quoteLiteral(slot)});`,
          )
        : finding(
            'warning',
            `nobody reads the slot ${slot}, and it keeps ${behind} of log`,
            `select pg_drop_replication_slot(${quoteLiteral(slot)});  -- if nobody will`,
          ),
    ),
    ...(rows.some(({ slot }) => slot === name) || walLevel !== 'logical' ? [] : [finding('note', `capture will make its slot ${name} when it first starts`)]),
  ];
}

async function installed(client: pg.Client, { installed: there, owner, superuser }: Facts): Promise<Finding> {
  if (there && (owner || superuser)) {
    const done = await client.query<{ n: number }>('select count(*)::int as n from lakeloop.migrations_governance').catch(() => undefined);
    const missing = done ? GOVERNANCE_MIGRATIONS.length - (done.rows[0]?.n ?? 0) : 0;
    if (missing > 0) return finding('problem', `Lakeloop is installed here, and ${missing} steps behind this version`, '-- lakeloop init');
  }
  return there ? ok('Lakeloop is installed here') : finding('note', 'Lakeloop is not installed here yet', '-- lakeloop init --dry-run says what it would do');
}

interface TableRow {
  name: string;
  keyed: boolean;
  identity: string;
  secured: boolean;
  adopted: boolean;
  unlogged: boolean;
  owner: string;
  /** Belongs to this login, or to a role that it is a member of. */
  ours: boolean;
}

const TABLES = (adopted: string): string => `
  select c.oid::regclass::text as name, exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) as keyed, c.relreplident as identity, c.relrowsecurity as secured,
    ${adopted} as adopted, c.relpersistence = 'u' as unlogged,
    c.relowner::regrole::text as owner, pg_has_role(current_user, c.relowner, 'usage') as ours
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${USER_TABLES}
  order by 1`;

async function tables(client: pg.Client, { installed: there, login: name }: Facts): Promise<Finding[]> {
  const { rows } = await client.query<TableRow>(TABLES(there ? 'exists (select from lakeloop.adopted a where a.root = c.oid)' : 'false'));
  const keyless = rows.filter(({ keyed }) => !keyed);
  const secured = rows.filter((table) => table.secured);
  const unlogged = rows.filter((table) => table.unlogged);
  const adopted = rows.filter((table) => table.adopted).length;
  const foreign = rows.filter(({ ours, keyed, adopted: is }) => keyed && !is && !ours);
  return [
    ok(`${rows.length} tables, ${adopted} adopted, ${rows.length - keyless.length} with a primary key`),
    ...(foreign.length === 0
      ? []
      : [
          finding(
            'note',
            `${foreign.length} belong to others: who adopts them has to be a member of their owners`,
            ...new Set(foreign.map(({ owner }) => `grant ${owner} to ${quoteIdentifier(name)};`)),
          ),
        ]),
    ...(keyless.length === 0
      ? []
      : [
          finding(
            'warning',
            `${keyless.length} without a primary key: they can't be adopted, and UPDATE or DELETE fails on them once they are published`,
            ...listed(keyless, (name) => `alter table ${name} add primary key (…);`),
          ),
        ]),
    ...(secured.length === 0
      ? []
      : [finding('note', `${secured.length} under row-level security: capture reads them with BYPASSRLS`, ...listed(secured, (name) => `-- ${name}`))]),
    ...(unlogged.length === 0
      ? []
      : [
          finding(
            'warning',
            `${unlogged.length} unlogged: their changes are in no log, so in no stream`,
            ...listed(unlogged, (name) => `alter table ${name} set logged;`),
          ),
        ]),
  ];
}

/** Adopted tables, and partitions of theirs, whose rows lakeloop_owner can't read: TRUNCATE fails there, for it could not be recorded. */
const UNTRUNCATABLE = `
  select c.oid::regclass::text as name, format('%I', n.nspname) as schema, not has_schema_privilege('lakeloop_owner', n.oid, 'usage') as unreachable,
    not has_table_privilege('lakeloop_owner', c.oid, 'select') as unreadable,
    c.relrowsecurity and not o.rolbypassrls and not o.rolsuper and (c.relforcerowsecurity or not pg_has_role(o.oid, c.relowner, 'usage')) as secured
  from lakeloop.adopted a cross join pg_class c join pg_namespace n on n.oid = c.relnamespace cross join pg_roles o
  where o.rolname = 'lakeloop_owner' and (c.oid = a.root or c.oid in (select t.relid from pg_partition_tree(a.root) t)) order by 1`;

interface Untruncatable {
  name: string;
  schema: string;
  unreachable: boolean;
  unreadable: boolean;
  secured: boolean;
}

async function untruncatable(client: pg.Client, { installed: there }: Facts): Promise<Finding[]> {
  if (!there) return [];
  const { rows } = await client.query<Untruncatable>(UNTRUNCATABLE);
  const [ungranted, secured] = [rows.filter((row) => row.unreachable || row.unreadable), rows.filter((row) => row.secured)];
  const grants = new Set([
    ...ungranted.filter(({ unreachable }) => unreachable).map(({ schema }) => `grant usage on schema ${schema} to lakeloop_owner;`),
    ...ungranted.filter(({ unreadable }) => unreadable).map(({ name }) => `grant select on ${name} to lakeloop_owner;`),
  ]);
  return [
    ...(ungranted.length === 0
      ? []
      : [finding('warning', `TRUNCATE fails on ${ungranted.length} adopted: lakeloop_owner can't read the rows that it would record`, ...grants)]),
    ...(secured.length === 0
      ? []
      : [
          finding(
            'note',
            `TRUNCATE fails on ${secured.length} adopted under row-level security: what it removes could not be recorded whole; DELETE works`,
            ...listed(secured, (name) => `-- ${name}`),
          ),
        ]),
  ];
}

function listed(rows: readonly Pick<TableRow, 'name'>[], line: (name: string) => string): string[] {
  const shown = rows.slice(0, MOST_LISTED).map(({ name }) => line(name));
  return rows.length > MOST_LISTED ? [...shown, `-- and ${rows.length - MOST_LISTED} more`] : shown;
}
