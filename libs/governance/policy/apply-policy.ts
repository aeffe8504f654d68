import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { quoteIdentifier, quoteTable, type TableName } from '#libs/postgres/identifiers';
import { MIRROR_POLICY } from '../roles.ts';
import { readColumns } from './catalogue.ts';
import { type CatalogueColumns, compileGrants, compilePolicies, filtersRows, POLICY_PREFIX } from './compile-sql.ts';
import type { PolicyPart } from './merge-policies.ts';
import type { Policy, TablePolicy } from './policy.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** NOTIFY channel that tells of a new version; the payload is its number. */
export const POLICY_CHANNEL = 'lakeloop_policy';

/**
 * Makes `policy` the one in force: grants and row-level security of every role and table it names, and of those only the document before it
 * named, in one transaction with the stored document. Returns the version in force; a document equal to the present one changes nothing.
 * What the document says of a role and a table is all that role may do there: other privileges of it on that table are revoked.
 * Throws an `invalid-input` Failure that names the role, table, column or filter it can't compile.
 */
export async function applyPolicy(admin: pg.ClientBase | string, policy: PolicyPart): Promise<Policy> {
  if (typeof admin !== 'string') return inTransaction(admin, policy);
  const client = new pg.Client({ connectionString: admin, application_name: 'lakeloop-policy' });
  await client.connect();
  try {
    return await inTransaction(client, policy);
  } finally {
    await client.end();
  }
}

/** The policy in force; version 0, which grants nothing, before there is one. */
export async function currentPolicy(client: Pick<pg.ClientBase, 'query'>): Promise<Policy> {
  const { rows } = await client.query<{ version: number; document: PolicyPart }>('select version, document from lakeloop.policy order by version desc limit 1');
  const [row] = rows;
  return row ? { version: row.version, roles: row.document.roles } : { version: 0, roles: {} };
}

async function inTransaction(client: pg.ClientBase, policy: PolicyPart): Promise<Policy> {
  await client.query('begin');
  try {
    const applied = await apply(client, policy);
    await client.query('commit');
    return applied;
  } catch (error) {
    await client.query('rollback');
    throw error instanceof UnsupportedPredicate ? new Failure('invalid-input', error.message, { cause: error, detail: { column: error.column } }) : error;
  }
}

async function apply(client: pg.ClientBase, policy: PolicyPart): Promise<Policy> {
  await client.query('lock table lakeloop.policy in share row exclusive mode');
  const before = await currentPolicy(client);
  const unchanged = await client.query('select from lakeloop.policy where version = $1 and document = $2::jsonb', [
    before.version,
    JSON.stringify({ roles: policy.roles }),
  ]);
  if (unchanged.rowCount) return before;
  await checkRoles(client, Object.keys(policy.roles));
  const tables = new Set([before, policy].flatMap(({ roles }) => Object.values(roles).flatMap((granted) => Object.keys(granted))));
  for (const table of tables) await applyTable(client, table, rulesOf(before, table), rulesOf(policy, table));
  return store(client, { version: before.version + 1, roles: policy.roles });
}

type Rules = ReadonlyMap<string, TablePolicy>;

function rulesOf({ roles }: PolicyPart, table: string): Rules {
  const named = Object.entries(roles).flatMap(([role, tables]) => (tables[table] ? [[role, tables[table]] as const] : []));
  for (const [role, { home, insert, update, delete: remove }] of named)
    if (home === 'lakehouse' && (insert ?? update ?? remove))
      throw new Failure('invalid-input', `the policy lets ${role} write ${table}, which is a table of the lakehouse: those are read here, never written`);
  return new Map(named.filter(([, { home }]) => home !== 'lakehouse'));
}

async function applyTable(client: pg.ClientBase, name: string, before: Rules, after: Rules): Promise<void> {
  const table = parseTable(name);
  const columns = await readColumns(client, table);
  if (!columns) {
    if (after.size === 0) return;
    throw new Failure('invalid-input', `the policy names the table ${name}, which does not exist`);
  }
  const statements = compileTable(table, columns, before, after);
  for (const statement of statements) await client.query(statement);
  await applyRowSecurity(client, table, columns, before, after);
  await grantSequences(client, table, after);
}

/** REVOKE on a table takes its column privileges with it. */
function compileTable(table: TableName, columns: CatalogueColumns, before: Rules, after: Rules): string[] {
  const roles = [...new Set([...before.keys(), ...after.keys()])];
  const revokes = roles.map((role) => `revoke all on ${quoteTable(table)} from ${quoteIdentifier(role)}`);
  const usages = [...after.keys()].map((role) => `grant usage on schema ${quoteIdentifier(table.schema)} to ${quoteIdentifier(role)}`);
  return [...revokes, ...usages, ...[...after].flatMap(([role, rules]) => compileGrants(role, table, rules, columns))];
}

/** Only where some role sees some rows: on a table without filters, row-level security would shut out roles that the document doesn't know. */
async function applyRowSecurity(client: pg.ClientBase, table: TableName, columns: CatalogueColumns, before: Rules, after: Rules): Promise<void> {
  const quoted = quoteTable(table);
  const existing = await client.query<{ name: string; ours: boolean }>(
    'select polname::text as name, starts_with(polname, $2) as ours from pg_policy where polrelid = $1::text::regclass',
    [quoted, POLICY_PREFIX],
  );
  for (const { name } of existing.rows.filter(({ ours }) => ours)) await client.query(`drop policy ${quoteIdentifier(name)} on ${quoted}`);
  if ([...after.values()].some(filtersRows)) {
    await client.query(`alter table ${quoted} enable row level security`);
    for (const [role, rules] of after) for (const statement of compilePolicies(role, table, rules, columns)) await client.query(statement);
  } else if ([...before.values()].some(filtersRows) && existing.rows.every(({ name, ours }) => ours || name === MIRROR_POLICY)) {
    await client.query(`alter table ${quoted} disable row level security`);
  }
}

/** `serial` columns draw from a sequence of their own, with privileges of its own. */
async function grantSequences(client: pg.ClientBase, table: TableName, after: Rules): Promise<void> {
  const inserting = [...after].filter(([, rules]) => rules.insert).map(([role]) => quoteIdentifier(role));
  if (inserting.length === 0) return;
  const { rows } = await client.query<{ name: string }>(
    `select distinct d.objid::regclass::text as name from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = $1::text::regclass and d.deptype = 'a'`,
    [quoteTable(table)],
  );
  for (const { name } of rows) await client.query(`grant usage on sequence ${name} to ${inserting.join(', ')}`);
}

async function checkRoles(client: pg.ClientBase, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string }>(
    'select r.role from unnest($1::text[]) r(role) where not exists (select from pg_roles where rolname = r.role)',
    [roles],
  );
  if (rows.length > 0) throw new Failure('invalid-input', `the policy names roles that do not exist: ${rows.map(({ role }) => role).join(', ')}`);
}

async function store(client: pg.ClientBase, policy: Policy): Promise<Policy> {
  await client.query('insert into lakeloop.policy (version, document) values ($1, $2)', [policy.version, JSON.stringify({ roles: policy.roles })]);
  // A constant to the planner (migrations/0001-bookkeeping.ts).
  await client.query(`create or replace function lakeloop.policy_version() returns integer language sql stable as 'select ${policy.version}'`);
  await client.query('select pg_notify($1, $2)', [POLICY_CHANNEL, String(policy.version)]);
  return policy;
}

/** `schema.table`; a schema's name holds no dot here. */
function parseTable(name: string): TableName {
  const [schema = '', ...rest] = name.split('.');
  if (schema === '' || rest.join('.') === '') throw new Failure('invalid-input', `the policy names ${name}: expected schema.table`);
  return { schema, name: rest.join('.') };
}
