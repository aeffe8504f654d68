import type pg from 'pg';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';

/** A column as history needs it. */
export interface HistoryColumn {
  name: string;
  /** Its number, which it keeps whatever it is called. */
  attnum: number;
  /** Complete SQL of the declared type, with its modifier: what is written is cast to it. */
  type: string;
  /** As `format_type` has it, which is how the audit notes the types of an image. */
  typeName: string;
  /** Type without domain and modifier, for reading: an old value need not keep a newer rule. */
  baseType: string;
  /** Computed by the table; never written. */
  generated: boolean;
  /** Whether the caller's role may select it. */
  readable: boolean;
}

/** An adopted table, and what the caller's role may see of it. */
export interface TableFacts {
  oid: string;
  adoptedId: number;
  schema: string;
  name: string;
  /** `"schema"."name"` */
  sql: string;
  columns: readonly HistoryColumn[];
  /** Columns of the primary key, in order. */
  key: readonly string[];
  /** SQL: whether row-level security applies to the role that asks. */
  secured: string;
  /** SQL over the columns: the rows that the table's policies let the role see where it applies. */
  rules: string;
  /** The role may select the whole table, columns that have been dropped included. */
  readsAll: boolean;
}

interface TableRow {
  oid: string;
  adopted_id: number | null;
  schema: string;
  name: string;
  reads_all: boolean;
  columns:
    { name: string; attnum: number; type: string; typeName: string; baseType: string; generated: boolean; readable: boolean; key: number | null }[] | null;
  permissive: string[];
  restrictive: string[];
}

const FACTS = `
  with recursive base(oid, base) as (
    select t.oid, t.oid from pg_type t where t.typtype <> 'd'
    union all
    select t.oid, b.base from pg_type t join base b on t.typbasetype = b.oid where t.typtype = 'd'),
  target as (
    select c.oid, c.relname, n.nspname, a.id as adopted_id
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join lakeloop.adopted a on a.root = c.oid
    where c.relkind in ('r', 'p') and ((n.nspname = $2 and c.relname = $3) or a.id = any ($4::int[]))),
  policies as (
    select p.polrelid, p.polpermissive, coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') as condition
    from pg_policy p
    where p.polcmd in ('r', '*') and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role($1::name, r, 'usage')))
  select t.oid::text, t.adopted_id, t.nspname as schema, t.relname as name, has_table_privilege($1::name, t.oid, 'select') as reads_all,
    (select json_agg(json_build_object('name', a.attname, 'attnum', a.attnum, 'typeName', format_type(a.atttypid, a.atttypmod),
        'type', case when x.typnamespace = 'pg_catalog'::regnamespace then format_type(a.atttypid, a.atttypmod) else format('%I.%I', xn.nspname, x.typname) end,
        'baseType', format('%I.%I', bn.nspname, bt.typname), 'generated', a.attgenerated <> '',
        'readable', has_column_privilege($1::name, t.oid, a.attnum, 'select'), 'key', array_position(i.indkey::int2[], a.attnum)) order by a.attnum)
     from pg_attribute a join pg_type x on x.oid = a.atttypid join pg_namespace xn on xn.oid = x.typnamespace
     join base b on b.oid = x.oid join pg_type bt on bt.oid = b.base join pg_namespace bn on bn.oid = bt.typnamespace
     left join pg_index i on i.indrelid = t.oid and i.indisprimary
     where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v' and not starts_with(a.attname, 'lakeloop:')) as columns,
    array(select condition from policies where polrelid = t.oid and polpermissive) as permissive,
    array(select condition from policies where polrelid = t.oid and not polpermissive) as restrictive
  from target t`;

export type TableAsked = { schema: string; name: string } | { adoptedIds: readonly number[] };

/** The adopted tables asked for, for a role. A table that is not there, not adopted, or of which the role may select nothing is 404: what is not granted is not told apart. */
export async function tableFacts(pool: Pick<pg.ClientBase, 'query'>, role: string, asked: TableAsked): Promise<TableFacts[]> {
  const [schema, name, ids] = 'name' in asked ? [asked.schema, asked.name, []] : [null, null, asked.adoptedIds];
  const { rows } = await pool.query<TableRow>({ name: 'lakeloop.history-facts', text: FACTS, values: [role, schema, name, ids] });
  const facts = rows.filter(({ adopted_id: adoptedId, columns }) => adoptedId !== null && columns?.some(({ readable }) => readable)).map(factsOf);
  if (facts.length === ('name' in asked ? 1 : new Set(asked.adoptedIds).size)) return facts;
  const what = 'name' in asked ? `${asked.schema}.${asked.name}` : 'a table of these changes';
  throw new ProblemException(404, 'unknown-table', `there is no history of ${what} for the role ${role}`, {
    hint: 'A table has a history once it is adopted, for roles that may select from it.',
  });
}

function factsOf({ oid, adopted_id: adoptedId, schema, name, reads_all: readsAll, columns, permissive, restrictive }: TableRow): TableFacts {
  const all = columns ?? [];
  const key = all.filter((column) => column.key !== null).sort((a, b) => Number(a.key) - Number(b.key));
  const either = permissive.length === 0 ? 'false' : permissive.map((condition) => `(${condition})`).join(' or ');
  return {
    oid,
    adoptedId: adoptedId as number,
    schema,
    name,
    sql: quoteTable({ schema, name }),
    columns: all,
    key: key.map((column) => column.name),
    secured: `pg_catalog.row_security_active(${oid}::pg_catalog.oid)`,
    rules: [`(${either})`, ...restrictive.map((condition) => `(${condition})`)].join(' and '),
    readsAll,
  };
}

/** `"column"` */
export const quoted = ({ name }: { name: string }): string => quoteIdentifier(name);
