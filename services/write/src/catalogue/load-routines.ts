import type pg from 'pg';
import type { Column, Relation } from './relation.ts';
import { BASE_TYPES, COLUMN_FIELDS, COLUMN_JOINS, columnOfRow, type ColumnRow } from './column-row.ts';
import type { LoadedRelation, Relations } from './load-relations.ts';
import type { Parameter, Returns, Routine } from './routine.ts';

/**
 * Functions of the exposed schemas that can be called by name: not triggers, and all their parameters named, or a single one of a type that a body can be.
 * A type that would cut its argument off (`bit`, `character`) stands for the one without a length.
 */
const ROUTINES = `
  with recursive ${BASE_TYPES}
  select n.nspname as schema, p.proname as name, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as sql, p.provolatile as volatility,
    pg_catalog.obj_description(p.oid, 'pg_proc') as description, p.pronargs - p.pronargdefaults as required, p.provariadic <> 0 as variadic, p.proretset as set,
    coalesce(i.names, '{}') as names, coalesce(i.types, '{}') as types, coalesce(i.displays, '{}') as displays, coalesce(o.columns, '[]') as columns,
    pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.typname) as return_type, r.typname as return_name,
    bt.typname as base_name, bt.typtype as base_kind, bn.nspname as base_schema, coalesce(bc.relkind, ' ') as base_relation_kind, bt.typrelid::pg_catalog.int8::pg_catalog.text as class,
    coalesce(p.proconfig, '{}') as settings,
    pg_catalog.pg_has_role(session_user, p.proowner, 'member') and not exists (select from pg_catalog.pg_roles x where x.rolname = session_user and x.rolsuper) as app_role
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  join pg_catalog.pg_type r on r.oid = p.prorettype join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
  join base b on b.oid = r.oid join pg_catalog.pg_type bt on bt.oid = b.base join pg_catalog.pg_namespace bn on bn.oid = bt.typnamespace
  left join pg_catalog.pg_class bc on bc.oid = bt.typrelid
  left join lateral (
    select pg_catalog.array_agg(coalesce(x.name, '') order by x.at) as names,
      pg_catalog.array_agg(pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(case t.typname when 'bit' then 'varbit' when 'bpchar' then 'varchar' when '_bit' then '_varbit' when '_bpchar' then '_varchar' else t.typname end) order by x.at) as types,
      pg_catalog.array_agg(pg_catalog.format_type(t.oid, null) order by x.at) as displays
    from unnest(p.proargtypes::pg_catalog.oid[], p.proargnames[1:p.pronargs]) with ordinality as x(type, name, at)
    join pg_catalog.pg_type t on t.oid = x.type join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    where p.proargmodes is null
    union all
    select pg_catalog.array_agg(coalesce(x.name, '') order by x.at),
      pg_catalog.array_agg(pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(case t.typname when 'bit' then 'varbit' when 'bpchar' then 'varchar' when '_bit' then '_varbit' when '_bpchar' then '_varchar' else t.typname end) order by x.at),
      pg_catalog.array_agg(pg_catalog.format_type(t.oid, null) order by x.at)
    from unnest(p.proallargtypes, p.proargmodes, p.proargnames) with ordinality as x(type, mode, name, at)
    join pg_catalog.pg_type t on t.oid = x.type join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    where p.proargmodes is not null and x.mode in ('i', 'b', 'v')) i on i.names is not null
  left join lateral (
    select pg_catalog.json_agg(pg_catalog.json_build_object('name', coalesce(x.name, 'column' || x.place), 'type', pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname),
      'baseType', pg_catalog.quote_ident(xn.nspname) || '.' || pg_catalog.quote_ident(xt.typname), 'baseName', xt.typname, 'display', pg_catalog.format_type(t.oid, null)) order by x.at) as columns
    from (select y.*, pg_catalog.row_number() over (order by y.at) as place
      from unnest(p.proallargtypes, p.proargmodes, p.proargnames) with ordinality as y(type, mode, name, at) where y.mode in ('t', 'b', 'o')) x
    join pg_catalog.pg_type t on t.oid = x.type join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    join base xb on xb.oid = t.oid join pg_catalog.pg_type xt on xt.oid = xb.base join pg_catalog.pg_namespace xn on xn.oid = xt.typnamespace) o on true
  where n.nspname = any($1) and p.prokind = 'f' and bt.typname not in ('trigger', 'event_trigger', 'internal', 'language_handler')
  order by n.nspname, p.proname, p.pronargs, p.oid`;

const TYPE_COLUMNS = `
  with recursive ${BASE_TYPES}
  select c.oid::pg_catalog.int8::pg_catalog.text as class, ${COLUMN_FIELDS}
  from pg_catalog.pg_class c ${COLUMN_JOINS}
  where c.oid = any($1::pg_catalog.oid[]) and a.attname is not null order by c.oid, a.attnum`;

const COMPUTED_COLUMNS = `
  with recursive ${BASE_TYPES}
  select an.nspname as schema, a.typname as relation, p.proname as name, pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname) as sql,
    pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.typname) as type,
    pg_catalog.quote_ident(bn.nspname) || '.' || pg_catalog.quote_ident(bt.typname) as base_type, bt.typname as base_name, pg_catalog.format_type(r.oid, null) as display
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
  join pg_catalog.pg_type a on a.oid = p.proargtypes[0] join pg_catalog.pg_namespace an on an.oid = a.typnamespace
  join pg_catalog.pg_type r on r.oid = p.prorettype join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
  join base b on b.oid = r.oid join pg_catalog.pg_type bt on bt.oid = b.base join pg_catalog.pg_namespace bn on bn.oid = bt.typnamespace
  where p.pronargs = 1 and p.prokind = 'f' and not p.proretset and (a.typrelid <> 0 or a.typname = 'anyelement') and pn.nspname = any($1)
    and ($2 is false or not pg_catalog.pg_has_role(session_user, p.proowner, 'member'))
  order by pg_catalog.array_position($1::pg_catalog.text[], pn.nspname::pg_catalog.text) desc`;

interface RoutineRow {
  schema: string;
  name: string;
  sql: string;
  volatility: 'i' | 's' | 'v';
  description: string | null;
  required: number;
  variadic: boolean;
  set: boolean;
  names: string[];
  types: string[];
  displays: string[];
  columns: { name: string; type: string; baseType: string; baseName: string; display: string }[];
  return_type: string;
  return_name: string;
  base_name: string;
  base_kind: string;
  base_schema: string;
  base_relation_kind: string;
  class: string;
  settings: string[];
  app_role: boolean;
}

const BODY_TYPES: ReadonlySet<string> = new Set(['bytea', 'json', 'jsonb', 'text', 'xml']);
const VOLATILITY = { i: 'immutable', s: 'stable', v: 'volatile' } as const;
/** Settings that a function brings along and that must be in force before its statement begins. */
const HOISTED: ReadonlySet<string> = new Set(['statement_timeout', 'default_transaction_isolation', 'plan_filter.statement_cost_limit']);

export async function loadRoutines(client: pg.PoolClient, schemas: readonly string[], relations: Relations): Promise<Map<string, Map<string, Routine[]>>> {
  const { rows } = await client.query<RoutineRow>(ROUTINES, [schemas]);
  const callable = rows.filter(isCallable);
  const types = await typeRelations(client, callable, relations);
  const routines = new Map<string, Map<string, Routine[]>>();
  for (const row of callable) {
    const byName = routines.get(row.schema) ?? new Map<string, Routine[]>();
    routines.set(row.schema, byName);
    byName.set(row.name, [...(byName.get(row.name) ?? []), routineOf(row, relations, types)]);
  }
  return routines;
}

function isCallable({ names, displays }: RoutineRow): boolean {
  const unnamed = names.filter((name) => name === '').length;
  return unnamed === 0 || (unnamed === 1 && names.length === 1 && BODY_TYPES.has(displays[0] ?? ''));
}

/** Columns of composite types, and of tables outside the exposed schemas, that functions return. */
async function typeRelations(client: pg.PoolClient, rows: readonly RoutineRow[], relations: Relations): Promise<Map<string, Relation>> {
  const wanted = rows.filter((row) => row.class !== '0' && !relations.get(row.base_schema)?.has(row.base_name));
  const found = await client.query<ColumnRow & { class: string }>(TYPE_COLUMNS, [[...new Set(wanted.map((row) => row.class))]]);
  const columns = Map.groupBy(found.rows, (row) => row.class);
  return new Map(wanted.map((row) => [row.class, unnamedRelation(row.base_schema, row.base_name, (columns.get(row.class) ?? []).map(columnOfRow))]));
}

function unnamedRelation(schema: string, name: string, columns: readonly Column[]): Relation {
  return {
    schema,
    name,
    kind: 'c',
    sql: '',
    columns: new Map(columns.map((column) => [column.name, column])),
    computed: new Map(),
    primaryKey: [],
    audited: false,
    writes: { insert: false, update: false, delete: false },
  };
}

function routineOf(row: RoutineRow, relations: Relations, types: ReadonlyMap<string, Relation>): Routine {
  return {
    schema: row.schema,
    name: row.name,
    sql: row.sql,
    parameters: row.names.map((name, index): Parameter => ({
      name,
      type: row.types[index] as string,
      display: row.displays[index] as string,
      required: index < row.required,
      variadic: row.variadic && index === row.names.length - 1,
    })),
    volatility: VOLATILITY[row.volatility],
    ...(row.description === null ? {} : { description: row.description }),
    returns: returnsOf(row, relations, types),
    settings: row.settings
      .map((setting) => [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)] as const)
      .filter(([name]) => HOISTED.has(name)),
    ownedByAppRole: row.app_role,
  };
}

function returnsOf(row: RoutineRow, relations: Relations, types: ReadonlyMap<string, Relation>): Returns {
  const returns = { set: row.set, type: row.return_type, baseName: row.base_name, typeName: row.return_name };
  if (row.base_name === 'void') return { ...returns, kind: 'nothing' };
  const exposed = relations.get(row.base_schema)?.get(row.base_name);
  if (row.class !== '0' && exposed) return { ...returns, kind: 'rows', relation: exposed };
  const typed = types.get(row.class);
  if (row.class !== '0' && typed) return { ...returns, kind: 'rows', relation: typed };
  const named = row.columns.map((column): Column => ({ ...column, nullable: true, hasDefault: false }));
  if (named.length > 0) return { ...returns, kind: 'rows', relation: unnamedRelation(row.schema, row.name, named) };
  return { ...returns, kind: 'value' };
}

interface ComputedRow {
  schema: string;
  relation: string;
  name: string;
  sql: string;
  type: string;
  base_type: string;
  base_name: string;
  display: string;
}

/**
 * Functions of these schemas that take a row and give one value: those of the first schema count before others of the same name. `governed`: those of roles
 * that this login may become are left out. */
export async function attachComputedColumns(client: pg.PoolClient, relations: Relations, schemas: readonly string[], governed: boolean): Promise<void> {
  const { rows } = await client.query<ComputedRow>(COMPUTED_COLUMNS, [schemas, governed]);
  for (const { schema, relation, ...row } of rows) {
    const takers: Iterable<LoadedRelation> =
      relation === 'anyelement'
        ? [...relations.values()].flatMap((byName) => [...byName.values()])
        : [relations.get(schema)?.get(relation)].filter((one) => one !== undefined);
    for (const taker of takers) if (!taker.columns.has(row.name)) taker.computed.set(row.name, { sql: row.sql, column: computedColumn(row) });
  }
}

function computedColumn({ name, type, base_type: baseType, base_name: baseName, display }: Omit<ComputedRow, 'schema' | 'relation'>): Column {
  return { name, type, baseType, baseName, display, nullable: true, hasDefault: false };
}
