import type pg from 'pg';
import { quoteIdentifier, type TableName } from '#libs/postgres/identifiers';
import { enumType } from './column-type.ts';

export interface CatalogueColumn {
  name: string;
  /** Type as `parseColumnType` reads it; the base type of a domain. */
  type: string;
  /** The type, qualified and quoted, for a cast. */
  sqlType: string;
  /** Qualified and quoted; null for a type without collation. */
  collation: string | null;
}

interface Row {
  name: string;
  type_schema: string;
  type_name: string;
  labels: string[] | null;
  collation_schema: string | null;
  collation_name: string | null;
  deterministic: boolean | null;
}

/** Columns of a table or view as the catalogue has them, by name; undefined when there is no such relation. */
export async function readColumns(client: Pick<pg.ClientBase, 'query'>, table: TableName): Promise<Map<string, CatalogueColumn> | undefined> {
  const names = [table.schema, table.name];
  const exists = await client.query(`select from pg_class c where c.oid = ${RELATION}`, names);
  if (!exists.rowCount) return undefined;
  const { rows } = await client.query<Row>(COLUMNS, names);
  return new Map(rows.map((row) => [row.name, columnOf(row)]));
}

/** Column name → type, for `compilePredicate`; undefined when there is no such relation. */
export async function readColumnTypes(client: pg.ClientBase, table: TableName): Promise<Record<string, string> | undefined> {
  const columns = await readColumns(client, table);
  return columns && columnTypesOf(columns);
}

export function columnTypesOf(columns: ReadonlyMap<string, CatalogueColumn>): Record<string, string> {
  return Object.fromEntries([...columns].map(([name, { type }]) => [name, type]));
}

function columnOf(row: Row): CatalogueColumn {
  const sqlType = `${quoteIdentifier(row.type_schema)}.${quoteIdentifier(row.type_name)}`;
  const collation = row.collation_name && row.collation_schema ? `${quoteIdentifier(row.collation_schema)}.${quoteIdentifier(row.collation_name)}` : null;
  return { name: row.name, type: typeOf(row, sqlType), sqlType, collation };
}

/** Only built-in names are known to `parseColumnType`; a user's type of the same name must not pass for one. */
function typeOf(row: Row, sqlType: string): string {
  if (row.labels) return enumType(row.labels);
  if (row.deterministic === false) return `${row.type_name} with a nondeterministic collation`;
  return row.type_schema === 'pg_catalog' ? row.type_name : sqlType;
}

/** By name in the catalogue: `to_regclass` would ask for USAGE on the schema. */
const RELATION = `(select r.oid from pg_class r join pg_namespace s on s.oid = r.relnamespace where s.nspname = $1 and r.relname = $2 and r.relkind in ('r', 'p', 'v', 'm', 'f'))`;

const COLUMNS = `
with recursive base as (
  select a.attnum, a.attname, a.atttypid as type, a.attcollation from pg_attribute a where a.attrelid = ${RELATION} and a.attnum > 0 and not a.attisdropped
  union all
  select b.attnum, b.attname, t.typbasetype, b.attcollation from base b join pg_type t on t.oid = b.type where t.typtype = 'd'
)
select b.attname::text as name, tn.nspname::text as type_schema, t.typname::text as type_name,
       case when t.typtype = 'e' then (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) end as labels,
       cn.nspname::text as collation_schema, c.collname::text as collation_name, c.collisdeterministic as deterministic
from base b join pg_type t on t.oid = b.type join pg_namespace tn on tn.oid = t.typnamespace
left join pg_collation c on c.oid = b.attcollation left join pg_namespace cn on cn.oid = c.collnamespace
where t.typtype <> 'd'
order by b.attnum`;
