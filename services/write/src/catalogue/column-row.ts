import type { Column } from './relation.ts';

/** The type under all domains of each type: `base(oid, base)`. */
export const BASE_TYPES = `base(oid, base) as (
    select oid, oid from pg_catalog.pg_type where typtype <> 'd'
    union all
    select t.oid, b.base from pg_catalog.pg_type t join base b on t.typbasetype = b.oid where t.typtype = 'd'
  )`;

/** What is selected of an attribute `a` of a class `c`, whose type is `t`. */
export const COLUMN_FIELDS = `a.attname as name,
    pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname) as type,
    pg_catalog.quote_ident(bn.nspname) || '.' || pg_catalog.quote_ident(bt.typname) as base_type, bt.typname as base_name,
    not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as nullable, a.atthasdef or a.attidentity <> '' as has_default,
    case when a.attgenerated <> '' then null
      when a.attidentity = 'd' then (select pg_catalog.format('pg_catalog.nextval(%L)', d.objid::pg_catalog.regclass) from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = c.oid and d.refobjsubid = a.attnum and d.deptype = 'i' limit 1)
      when ad.adbin is null and t.typtype = 'd' then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
      else pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) end as default_sql,
    case when t.typtype = 'd' and bn.nspname = 'pg_catalog' then pg_catalog.format_type(b.base, null)
      when tn.nspname = 'pg_catalog' then pg_catalog.format_type(t.oid, null) else pg_catalog.format_type(t.oid, a.atttypmod) end as display,
    case when bt.typname in ('varchar', 'bpchar') and greatest(a.atttypmod, t.typtypmod) > 4 then greatest(a.atttypmod, t.typtypmod) - 4 end as max_length,
    pg_catalog.col_description(c.oid, a.attnum) as description,
    case when bt.typtype = 'e' then (select pg_catalog.array_agg(e.enumlabel::pg_catalog.text order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = bt.oid) end as labels`;

/** How the tables of `COLUMN_FIELDS` are joined. */
export const COLUMN_JOINS = `left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not pg_catalog.starts_with(a.attname, 'lakeloop:')
  left join pg_catalog.pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
  left join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  left join base b on b.oid = t.oid
  left join pg_catalog.pg_type bt on bt.oid = b.base
  left join pg_catalog.pg_namespace bn on bn.oid = bt.typnamespace`;

export interface ColumnRow {
  name: string;
  type: string;
  base_type: string;
  base_name: string;
  nullable: boolean;
  has_default: boolean;
  default_sql: string | null;
  display: string;
  max_length: number | null;
  description: string | null;
  labels: string[] | null;
}

export function columnOfRow(row: ColumnRow): Column {
  const { name, type, base_type: baseType, base_name: baseName, nullable, has_default: hasDefault, display } = row;
  return {
    name,
    type,
    baseType,
    baseName,
    nullable,
    hasDefault,
    display,
    ...(row.default_sql === null ? {} : { defaultSql: row.default_sql }),
    ...(row.description === null ? {} : { description: row.description }),
    ...(row.max_length === null ? {} : { maxLength: row.max_length }),
    ...(row.labels === null ? {} : { labels: row.labels }),
  };
}
