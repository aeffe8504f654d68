import type pg from 'pg';
import { resolveType, type TypeRow } from './column-type.ts';
import type { ColumnFacts, TableFacts } from './table-facts.ts';

/** Reads the catalogue on a connection that already has the subscriber's role. Undefined: no such relation. */
export async function loadTableFacts(client: pg.ClientBase, schema: string, table: string): Promise<TableFacts | undefined> {
  const { rows } = await client.query<FactsRow>({ name: 'lakeloop.push.table', text: TABLE, values: [schema, table] });
  const row = rows[0];
  if (!row) return undefined;
  const types = new Map(row.types.map((type) => [type.oid, type]));
  return { ...row.facts, columns: row.columns.map((column) => columnOf(column, types)) };
}

interface ColumnRow extends Omit<ColumnFacts, 'type'> {
  typeOid: number;
  modifier: number;
}

interface FactsRow {
  facts: Omit<TableFacts, 'columns'>;
  columns: ColumnRow[];
  types: TypeRow[];
}

function columnOf({ typeOid, modifier, ...column }: ColumnRow, types: ReadonlyMap<number, TypeRow>): ColumnFacts {
  return { ...column, type: resolveType(typeOid, modifier, types) };
}

/** One round trip. The key is the one that change records carry (envelope.md). `types` closes over domains' base types and arrays' elements. */
const TABLE = `
with recursive relation as (
  select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
), attribute as (
  select a.* from pg_attribute a join relation r on r.oid = a.attrelid where a.attnum > 0 and not a.attisdropped and not starts_with(a.attname, 'lakeloop:')
), closure(oid) as (
  select atttypid from attribute
  union
  select case when t.typtype = 'd' then t.typbasetype else t.typelem end
  from closure c join pg_type t on t.oid = c.oid
  where t.typtype = 'd' or (t.typelem <> 0 and t.typoutput = 'array_out'::regproc)
)
select
  json_build_object(
    'oid', r.oid::int8,
    'kind', r.relkind,
    'published', exists (select from pg_publication_tables p where p.schemaname = r.nspname and p.tablename = r.relname),
    'fullIdentity', case when r.relkind = 'p'
      then coalesce((select bool_and(l.relreplident = 'f') from pg_partition_tree(r.oid) t join pg_class l on l.oid = t.relid where t.isleaf), true)
      else r.relreplident = 'f' end,
    'rowSecurity', r.relrowsecurity and row_security_active(r.oid),
    'policies', (select coalesce(json_agg(p.polname order by p.polname), '[]') from pg_policy p
      where p.polrelid = r.oid and p.polcmd in ('r', '*') and exists (select from unnest(p.polroles) role where role = 0 or pg_has_role(role, 'usage'))),
    'schemaUsage', has_schema_privilege(r.relnamespace, 'usage')
  ) as facts,
  (select coalesce(json_agg(json_build_object(
      'name', a.attname,
      'sqlType', format_type(a.atttypid, a.atttypmod),
      'typeOid', a.atttypid::int8,
      'modifier', a.atttypmod,
      'deterministic', coalesce((select l.collisdeterministic from pg_collation l where l.oid = a.attcollation), true),
      'readable', has_column_privilege(r.oid, a.attnum, 'select'),
      'key', coalesce((select array_position(i.indkey::int2[], a.attnum) + 1 - array_lower(i.indkey::int2[], 1) from pg_index i where i.indrelid = r.oid and case when r.relreplident = 'i' then i.indisreplident else i.indisprimary end), 0),
      'generated', a.attgenerated <> ''
    ) order by a.attnum), '[]') from attribute a) as columns,
  (select coalesce(json_agg(json_build_object(
      'oid', t.oid::int8, 'name', t.typname, 'builtIn', t.typnamespace = 'pg_catalog'::regnamespace, 'kind', t.typtype, 'base', t.typbasetype::int8, 'baseModifier', t.typtypmod,
      'element', case when t.typelem <> 0 and t.typoutput = 'array_out'::regproc then t.typelem::int8 else 0 end, 'delimiter', t.typdelim,
      'sql', format_type(t.oid, null),
      'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))), '[]')
   from closure c join pg_type t on t.oid = c.oid) as types
from relation r`;
