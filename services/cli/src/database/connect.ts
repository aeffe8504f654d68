import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import type { TableName } from '#libs/postgres/identifiers';
import type { CommandContext } from '../command.ts';

/** The URL for DDL: `ADMIN_DATABASE_URL`, else `DATABASE_URL`. */
export function adminUrlOf({ config }: CommandContext): string {
  const url = config.ADMIN_DATABASE_URL ?? config.DATABASE_URL;
  if (url !== undefined) return url;
  throw new Failure('misconfigured', 'set ADMIN_DATABASE_URL: the database, as a login that may create roles and schemas in it');
}

/** Gives `work` a connection, and closes it. */
export async function connected<T>(context: CommandContext, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: adminUrlOf(context), application_name: 'lakeloop-cli' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The table that an argument names, `schema.table` or as SQL quotes it; as PostgreSQL finds it. `invalid-input` where there is none. */
export async function tableNamed(client: pg.Client, name: string | undefined): Promise<TableName> {
  if (name === undefined || name === '') throw new Failure('invalid-input', 'which table? give schema.table');
  const [schema = '', ...rest] = name.split('.');
  const named = 'select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace';
  const plain = await client.query<TableName>(`${named} where n.nspname = $1 and c.relname = $2`, [schema, rest.join('.')]);
  // What is no name as it stands may be one as SQL quotes it; a malformed one is an error of its own, and there is no such table.
  const found = plain.rows[0] ?? (await client.query<TableName>(`${named} where c.oid = to_regclass($1)`, [name]).catch(() => undefined))?.rows[0];
  if (!found) throw new Failure('invalid-input', `there is no table ${name}`);
  return found;
}

/** Runs statements in one transaction. */
export async function runAll(client: pg.Client, statements: readonly string[]): Promise<void> {
  await client.query('begin');
  try {
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
