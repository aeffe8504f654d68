import type pg from 'pg';
import { quoteTable } from '#libs/postgres/identifiers';
import type { Catalogue, Column, Relation } from './catalogue.ts';

const COLUMNS = `
  with recursive base(oid, base) as (
    select oid, oid from pg_catalog.pg_type where typtype <> 'd'
    union all
    select t.oid, b.base from pg_catalog.pg_type t join base b on t.typbasetype = b.oid where t.typtype = 'd'
  )
  select n.nspname as schema, c.relname as relation, c.relkind as kind, a.attname as name,
    pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname) as type,
    pg_catalog.quote_ident(bn.nspname) || '.' || pg_catalog.quote_ident(bt.typname) as base_type, bt.typname as base_name,
    not a.attnotnull as nullable, a.atthasdef or a.attidentity <> '' as has_default, k.position as key_position,
    coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid)::pg_catalog.text = any($2) as audited
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  left join base b on b.oid = t.oid
  left join pg_catalog.pg_type bt on bt.oid = b.base
  left join pg_catalog.pg_namespace bn on bn.oid = bt.typnamespace
  left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
  left join lateral (select p.position from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as p(attnum, position) where p.attnum = a.attnum) k on true
  where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
  order by c.oid, a.attnum`;

/** Our schema is there, and this login is a service login. */
const GOVERNED = `
  select pg_catalog.to_regprocedure('lakeloop.await_key(bigint)') is not null
    and exists (select from pg_catalog.pg_auth_members m where m.member = (select r.oid from pg_catalog.pg_roles r where r.rolname = session_user)
      and m.roleid = (select r.oid from pg_catalog.pg_roles r where r.rolname = 'lakeloop_service')) as governed,
    pg_catalog.to_regclass('lakeloop.adopted') is not null as adopts`;

const ADOPTED = 'select root::pg_catalog.oid::pg_catalog.text as root from lakeloop.adopted';

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

interface ColumnRow {
  schema: string;
  relation: string;
  kind: Relation['kind'];
  name: string | null;
  type: string;
  base_type: string;
  base_name: string;
  nullable: boolean;
  has_default: boolean;
  key_position: string | null;
  audited: boolean;
}

/** Reads the catalogue of the exposed schemas; needs no privilege. */
export async function loadCatalogue(database: Pick<pg.Pool, 'query'>, schemas: readonly string[], version: number): Promise<Catalogue> {
  const { rows: states } = await database.query<{ governed: boolean; adopts: boolean }>(GOVERNED);
  const adopted = states[0]?.adopts ? (await database.query<{ root: string }>(ADOPTED)).rows.map(({ root }) => root) : [];
  const columns = await database.query<ColumnRow>(COLUMNS, [schemas, adopted]);
  const types = await database.query<{ spelled: string; type: string }>(TYPES, [schemas]);
  return { schemas, relations: relationsOf(columns.rows), types: typesOf(types.rows), governed: states[0]?.governed === true, version };
}

type Draft = Omit<Relation, 'columns' | 'primaryKey'> & { columns: Map<string, Column>; key: { name: string; position: number }[] };

function relationsOf(rows: readonly ColumnRow[]): Map<string, Map<string, Relation>> {
  const drafts = new Map<string, Map<string, Draft>>();
  for (const row of rows) addColumn(draftOf(drafts, row), row);
  return new Map([...drafts].map(([schema, relations]) => [schema, new Map([...relations].map(([name, draft]) => [name, finish(draft)]))]));
}

function draftOf(drafts: Map<string, Map<string, Draft>>, { schema, relation, kind, audited }: ColumnRow): Draft {
  const inSchema = drafts.get(schema) ?? new Map<string, Draft>();
  drafts.set(schema, inSchema);
  const draft = inSchema.get(relation) ?? { schema, name: relation, kind, sql: quoteTable({ schema, name: relation }), columns: new Map(), key: [], audited };
  inSchema.set(relation, draft);
  return draft;
}

function addColumn(draft: Draft, row: ColumnRow): void {
  if (row.name === null) return;
  const { name, type, base_type: baseType, base_name: baseName, nullable, has_default: hasDefault } = row;
  draft.columns.set(name, { name, type, baseType, baseName, nullable, hasDefault });
  if (row.key_position !== null) draft.key.push({ name, position: Number(row.key_position) });
}

function finish({ key, ...relation }: Draft): Relation {
  return { ...relation, primaryKey: key.sort((a, b) => a.position - b.position).map(({ name }) => name) };
}

function typesOf(rows: readonly { spelled: string; type: string }[]): Map<string, string> {
  const types = new Map(rows.map(({ spelled, type }) => [spelled, type]));
  for (const [alias, name] of Object.entries(ALIASES)) types.set(alias, `pg_catalog.${name}`);
  return types;
}
