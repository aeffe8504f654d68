import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import type { TableName } from '#libs/postgres/identifiers';
import { USER_TABLES } from './examine.ts';

export interface Chosen {
  tables: TableName[];
  /** What a pattern found and can't be adopted, with the reason. */
  skipped: (TableName & { why: string })[];
}

/**
 * The tables that arguments name: `schema.table`, or as SQL quotes it; or a pattern with `*` for any run of characters, `erp.*`. What is named by itself is
 * taken as it is; what a pattern finds and can't be adopted is skipped. `invalid-input` where there is no such table.
 */
export async function chosenTables(client: pg.Client, names: readonly string[]): Promise<Chosen> {
  if (names.length === 0) throw new Failure('invalid-input', 'which table? give schema.table, or schema.* for all of a schema');
  const [tables, skipped] = [new Map<string, TableName>(), new Map<string, TableName & { why: string }>()];
  const key = ({ schema, name }: TableName): string => JSON.stringify([schema, name]);
  for (const name of names) {
    const one = await tableNamed(client, name);
    if (one) tables.set(key(one), one);
    else
      for (const { why, ...table } of await tablesLike(client, name)) {
        if (why === null) tables.set(key(table), table);
        else skipped.set(key(table), { ...table, why });
      }
  }
  return { tables: [...tables.values()], skipped: [...skipped.values()] };
}

async function tableNamed(client: pg.Client, name: string): Promise<TableName | undefined> {
  const [schema = '', ...rest] = name.split('.');
  const named = 'select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace';
  const plain = await client.query<TableName>(`${named} where n.nspname = $1 and c.relname = $2`, [schema, rest.join('.')]);
  // What is no name as it stands may be one as SQL quotes it; a malformed one is an error of its own, and there is no such table.
  return plain.rows[0] ?? (await client.query<TableName>(`${named} where c.oid = to_regclass($1)`, [name]).catch(() => undefined))?.rows[0];
}

const LIKE = `
  select n.nspname as schema, c.relname as name,
    case when c.relpersistence <> 'p' then 'it is not in the log' when exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') then 'it belongs to an extension'
      when not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) then 'it has no primary key' end as why
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${USER_TABLES} and n.nspname like $1 and c.relname like $2
  order by 1, 2`;

async function tablesLike(client: pg.Client, pattern: string): Promise<(TableName & { why: string | null })[]> {
  const [schema = '', ...rest] = pattern.split('.').map((part) => part.replaceAll(/[\\%_]/g, String.raw`\$&`).replaceAll('*', '%'));
  const found = pattern.includes('*') ? (await client.query<TableName & { why: string | null }>(LIKE, [schema, rest.join('.')])).rows : [];
  if (found.length > 0) return found;
  throw new Failure('invalid-input', `there is no table ${pattern}`);
}
