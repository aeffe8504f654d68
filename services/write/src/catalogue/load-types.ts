import type pg from 'pg';

/** Types a cast may name: PostgreSQL's own by either of their names, and those of the exposed schemas and `public`. */
const TYPES = `
  select pg_catalog.lower(spelled) as spelled, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) as type
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  cross join lateral (values (t.typname::pg_catalog.text), (pg_catalog.format_type(t.oid, null)), (n.nspname || '.' || t.typname)) as names(spelled)
  where (n.nspname = 'pg_catalog' or n.nspname = any($1) or n.nspname = 'public') and t.typtype in ('b', 'd', 'e', 'r', 'm')
  order by (n.nspname = 'pg_catalog')`;

/** SQL's own spellings that the catalogue does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  int: 'int4',
  decimal: 'numeric',
  float: 'float8',
  dec: 'numeric',
  char: 'bpchar',
  character: 'bpchar',
  serial: 'int4',
};

export async function loadTypes(client: pg.PoolClient, schemas: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ spelled: string; type: string }>(TYPES, [schemas]);
  const types = new Map(rows.map(({ spelled, type }) => [spelled, type]));
  for (const [alias, name] of Object.entries(ALIASES)) types.set(alias, `pg_catalog.${name}`);
  return types;
}
