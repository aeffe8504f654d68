import type pg from 'pg';
import type { TableName } from '#libs/postgres/identifiers';
import { buildRelationships } from './build-relationships.ts';
import type { ComputedRelationship, ForeignKey, Relationship, ViewColumns } from './relationship.ts';
import { targetEntries } from './view-definition.ts';
import { type NamedRelation, viewColumns } from './view-columns.ts';

/** Keys of partitions repeat their parents'. */
const FOREIGN_KEYS = `
  select k.conname as constraint, n.nspname as schema, c.relname as name, fn.nspname as to_schema, fc.relname as to_name, cols.names as own, cols.others as other,
    exists (select from pg_catalog.pg_constraint u where u.conrelid = k.conrelid and u.contype in ('p', 'u')
      and (select pg_catalog.array_agg(x order by x) from pg_catalog.unnest(u.conkey) x) = (select pg_catalog.array_agg(x order by x) from pg_catalog.unnest(k.conkey) x)) as unique
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class fc on fc.oid = k.confrelid join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
  cross join lateral (
    select pg_catalog.array_agg(a.attname::pg_catalog.text order by p.at) as names, pg_catalog.array_agg(f.attname::pg_catalog.text order by p.at) as others
    from unnest(k.conkey, k.confkey) with ordinality as p(own, other, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.own
    join pg_catalog.pg_attribute f on f.attrelid = k.confrelid and f.attnum = p.other) cols
  where k.contype = 'f' and k.conparentid = 0
  order by n.nspname, c.relname, k.conname`;

const VIEWS = `
  select c.oid::pg_catalog.int8::pg_catalog.text as oid, r.ev_action::pg_catalog.text as action
  from pg_catalog.pg_class c join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')`;

const RELATIONS = `
  select c.oid::pg_catalog.int8::pg_catalog.text as oid, n.nspname as schema, c.relname as name, pg_catalog.array_agg(a.attnum::pg_catalog.int4) as numbers,
    pg_catalog.array_agg(a.attname::pg_catalog.text) as names
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
  group by c.oid, n.nspname, c.relname`;

const PRIMARY_KEYS = `
  select n.nspname as schema, c.relname as name, pg_catalog.array_agg(a.attname::pg_catalog.text order by p.at) as columns
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral pg_catalog.unnest(k.conkey) with ordinality as p(number, at)
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.number
  where k.contype = 'p' group by n.nspname, c.relname`;

const COMPUTED = `
  select pn.nspname as function_schema, p.proname as name, pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname) as sql,
    an.nspname as schema, a.typname as relation, rn.nspname as to_schema, r.typname as to_name, not p.proretset or p.prorows = 1 as to_one
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
  join pg_catalog.pg_type a on a.oid = p.proargtypes[0] join pg_catalog.pg_namespace an on an.oid = a.typnamespace
  join pg_catalog.pg_class ac on ac.oid = a.typrelid and ac.relkind in ('r', 'p', 'v', 'm', 'f')
  join pg_catalog.pg_type r on r.oid = p.prorettype join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
  join pg_catalog.pg_class rc on rc.oid = r.typrelid and rc.relkind in ('r', 'p', 'v', 'm', 'f')
  where p.pronargs = 1 and an.nspname = any($1) and ($2 is false or not pg_catalog.pg_has_role(session_user, p.proowner, 'member'))`;

interface KeyRow {
  constraint: string;
  schema: string;
  name: string;
  to_schema: string;
  to_name: string;
  own: string[];
  other: string[];
  unique: boolean;
}

interface ComputedRow {
  name: string;
  sql: string;
  schema: string;
  relation: string;
  to_schema: string;
  to_name: string;
  to_one: boolean;
}

export interface LoadedRelationships {
  relationships: Map<string, Map<string, Relationship[]>>;
  /** Primary keys as views show them, by `JSON.stringify([schema, name])`. */
  viewKeys: Map<string, string[]>;
}

/** `governed`: functions of roles that this login may become are left out, as they are not called (docs/rows.md). */
export async function loadRelationships(client: pg.PoolClient, schemas: readonly string[], governed: boolean): Promise<LoadedRelationships> {
  const keys = (await client.query<KeyRow>(FOREIGN_KEYS)).rows.map(foreignKeyOf);
  const views = viewColumns(await loadNames(client));
  const primary = await client.query<TableName & { columns: string[] }>(PRIMARY_KEYS);
  const primaryKeys = new Map(primary.rows.map(({ schema, name, columns }) => [JSON.stringify([schema, name]), columns]));
  const viewKeys = viewKeysOf(views, primaryKeys);
  const computed = (await client.query<ComputedRow>(COMPUTED, [schemas, governed])).rows.map(computedOf);
  const keyOf = ({ schema, name }: TableName): string => JSON.stringify([schema, name]);
  const primaryKey = (table: TableName): string[] => viewKeys.get(keyOf(table)) ?? primaryKeys.get(keyOf(table)) ?? [];
  return { relationships: buildRelationships({ keys, views, computed, primaryKey, exposed: (schema) => schemas.includes(schema) }), viewKeys };
}

async function loadNames(client: pg.PoolClient): Promise<Map<number, NamedRelation>> {
  const { rows: views } = await client.query<{ oid: string; action: string }>(VIEWS);
  if (views.length === 0) return new Map();
  const entries = new Map(views.map(({ oid, action }) => [Number(oid), targetEntries(action)]));
  const { rows } = await client.query<{ oid: string; schema: string; name: string; numbers: number[]; names: string[] }>(RELATIONS);
  return new Map(
    rows.map(({ oid, schema, name, numbers, names }) => {
      const own = entries.get(Number(oid));
      const columns = new Map(numbers.map((number, index) => [number, names[index] as string]));
      return [Number(oid), { schema, name, columns, ...(own ? { entries: own } : {}) }];
    }),
  );
}

/** Keys that a view shows whole, each by the first column that shows it. */
function viewKeysOf(views: readonly ViewColumns[], primaryKeys: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map(
    views.map(({ view, columns }) => {
      const tables = new Set(columns.map(({ of }) => JSON.stringify([of.schema, of.name])));
      const shown = [...tables].flatMap((table) => {
        const names = (primaryKeys.get(table) ?? []).map(
          (key) => columns.find(({ of, column }) => JSON.stringify([of.schema, of.name]) === table && column === key)?.name,
        );
        return names.every((name) => name !== undefined) ? names : [];
      });
      return [JSON.stringify([view.schema, view.name]), shown];
    }),
  );
}

function foreignKeyOf(row: KeyRow): ForeignKey {
  return {
    constraint: row.constraint,
    from: { schema: row.schema, name: row.name },
    to: { schema: row.to_schema, name: row.to_name },
    columns: row.own.map((own, index) => [own, row.other[index] as string] as const),
    unique: row.unique,
  };
}

function computedOf(row: ComputedRow): ComputedRelationship {
  return {
    kind: 'computed',
    name: row.name,
    sql: row.sql,
    from: { schema: row.schema, name: row.relation },
    to: { schema: row.to_schema, name: row.to_name },
    toOne: row.to_one,
  };
}
