import type pg from 'pg';

/** A plain index that covers a column: it can be built anew on another one. */
export interface PlainIndex {
  name: string;
  unique: boolean;
  /** Name of the unique constraint that it stands behind. */
  constraint: string | null;
  method: string;
  /** Complete SQL of each key column but its name: operator class, collation and order, where they are not the default. */
  columns: { attnum: number; name: string; order: string; details: string }[];
  /** Names of columns that are included. */
  included: { attnum: number; name: string }[];
  nullsNotDistinct: boolean;
}

/** What has to be known of a table, and of a column of it, before an edit can be done in steps. */
export interface Surroundings {
  /** Bytes of the table with its indexes. */
  bytes: number;
  /** PostgreSQL's estimate. */
  rows: number;
  key: { name: string; type: string }[];
  /** Why the table can't be edited in steps; null: it can. */
  tableBlocks: string | null;
  /** What fires or holds behind an update of every row; null: nothing. */
  updateBlocks: string | null;
  /** What depends on the column and can't be made anew beside it, described; null: nothing. */
  columnBlocks: string | null;
  indexes: PlainIndex[];
  /** The column has a default that only SQL makes. */
  sqlDefault: boolean;
}

/** `$1`: the table, `$2`: number of the column, or 0. */
const QUERY = `
  with plain as (
    select i.indexrelid, i.indrelid, x.relname as name, i.indisunique, k.conname, am.amname, i.indkey::int2[] as attnums, i.indnkeyatts, i.indoption::int2[] as options,
      i.indclass::oid[] as classes, i.indcollation::oid[] as collations, coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) as nulls_not_distinct
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am am on am.oid = x.relam left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype = 'u'
    where i.indrelid = $1 and $2 = any (i.indkey::int2[]) and i.indexprs is null and i.indpred is null and not i.indisprimary and not i.indisreplident and not i.indisexclusion
      and i.indisvalid and i.indimmediate and x.reloptions is null)
  select pg_total_relation_size(c.oid)::float8 as bytes, greatest(c.reltuples, 0)::float8 as rows,
    array(select json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, place)
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where i.indrelid = c.oid and i.indisprimary order by k.place) as key,
    case when c.relkind <> 'r' then 'it is partitioned' when exists (select from pg_inherits h where h.inhparent = c.oid or h.inhrelid = c.oid) then 'it inherits, or is inherited from'
      when c.relpersistence <> 'p' then 'it is not permanent' when not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary) then 'it has no primary key' end as "tableBlocks",
    coalesce(case when c.relforcerowsecurity then 'row-level security is forced upon its owner' end,
      (select format('its rule %I', r.rulename) from pg_rewrite r where r.ev_class = c.oid and r.ev_type = '2' limit 1),
      (select format('its trigger %I, which follows every update', g.tgname) from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype & 16 <> 0 and g.tgtype & 2 = 0
        and g.tgattr = ''::int2vector and not g.tgname like 'lakeloop\\_audit\\_%' and g.tgname <> 'lakeloop_files' and g.tgenabled <> 'D' limit 1)) as "updateBlocks",
    (select pg_describe_object(d.classid, d.objid, d.objsubid) from pg_depend d
      left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
      where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.refobjsubid = $2 and $2 > 0 and not (
        d.classid = 'pg_attrdef'::regclass
        or d.classid = 'pg_class'::regclass and d.objid in (select indexrelid from plain)
        or coalesce(k.conrelid = c.oid and (k.contype = 'c' and k.conname like 'lakeloop:%' and k.conkey = array[$2]::int2[] or k.contype = 'f' and k.conkey = array[$2]::int2[] and k.confrelid <> k.conrelid
          or k.contype = 'n' or k.contype = 'u' and k.conindid in (select indexrelid from plain)), false))
      limit 1) as "columnBlocks",
    (select coalesce(json_agg(json_build_object('name', p.name, 'unique', p.indisunique, 'constraint', p.conname, 'method', p.amname, 'nullsNotDistinct', p.nulls_not_distinct,
        'columns', (select json_agg(json_build_object('attnum', k.attnum, 'name', a.attname,
            'order', case p.options[k.place - 1] when 0 then '' when 1 then ' desc nulls last' when 2 then ' nulls first' else ' desc' end,
            'details', coalesce((select format(' collate %I.%I', n.nspname, l.collname) from pg_collation l join pg_namespace n on n.oid = l.collnamespace
                where l.oid = p.collations[k.place - 1] and l.oid <> a.attcollation), '')
              || coalesce((select format(' %I.%I', n.nspname, o.opcname) from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace where o.oid = p.classes[k.place - 1] and not o.opcdefault), '')) order by k.place)
          from unnest(p.attnums[0:p.indnkeyatts - 1]) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum),
        'included', (select coalesce(json_agg(json_build_object('attnum', k.attnum, 'name', a.attname) order by k.place), '[]')
          from unnest(p.attnums[p.indnkeyatts:]) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum)) order by p.name), '[]') from plain p) as indexes,
    exists (select from pg_attrdef f where f.adrelid = c.oid and f.adnum = $2) as "sqlDefault"
  from pg_class c where c.oid = $1`;

/** `attnum`: of the column that is edited; 0 where there is none yet. */
export async function surroundings(client: Pick<pg.ClientBase, 'query'>, root: string, attnum: number): Promise<Surroundings> {
  const { rows } = await client.query<Surroundings>(QUERY, [root, attnum]);
  return rows[0] as Surroundings;
}
