import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `lakeloop.adopt(table)`: brings a table under audit and into the publication. It writes the table's recorder, a trigger function
 * with the table's columns spelled out, so that a row costs no catalogue look-up. Safe to call again: it renews what has changed.
 */
export class Adopt1763900000004 implements MigrationInterface {
  readonly name = 'Adopt1763900000004';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [COLUMN_TEXT, KEY_COLUMNS, PINNED, ENTRY_INSERT, WRITE_RECORDER, SCHEMA_VERSION, attach(''), ADOPT, ON_DDL]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.on_ddl, lakeloop.adopt, audit.attach, audit.current_schema_version, audit.write_recorder, audit.entry_insert,
      audit.pinned, audit.key_columns, audit.column_text`);
  }
}

/**
 * Text of each stored column, as its type's output function has it: a cast to text would trim char(n), spell a boolean out, and may be user-defined.
 * Where a built-in type has no such cast, `::text` is that output function, and cheaper to prepare.
 */
const COLUMN_TEXT = `
create function audit.column_text(root regclass, alias text)
returns table (ordinal bigint, name name, type text, output text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select row_number() over (order by a.attnum), a.attname, format_type(a.atttypid, a.atttypmod),
         case when t.typnamespace = 'pg_catalog'::regnamespace and t.typtype = 'b' and (t.oid in ('text'::regtype, 'varchar'::regtype) or not exists (select from pg_cast x where x.castsource = t.oid and x.casttarget = 'text'::regtype))
              then format('%s.%I::text', alias, a.attname)
              else format('textin(%I.%I(%s.%I))', fn.nspname, f.proname, alias, a.attname) end
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid join pg_proc f on f.oid = t.typoutput join pg_namespace fn on fn.oid = f.pronamespace
  where a.attrelid = root and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
$$`;

const KEY_COLUMNS = `
create function audit.key_columns(root regclass) returns table (ordinal bigint, name name, equals text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select k.ordinal, a.attname, format('operator(%I.%s)', n.nspname, o.oprname)
  from pg_index i
  cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality k(attnum, opclass, ordinal)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  join pg_opclass c on c.oid = k.opclass
  join pg_amop m on m.amopfamily = c.opcfamily and m.amoplefttype = c.opcintype and m.amoprighttype = c.opcintype and m.amopstrategy = 3
  join pg_operator o on o.oid = m.amopopr join pg_namespace n on n.oid = o.oprnamespace
  where i.indrelid = root and i.indisprimary and k.ordinal <= i.indnkeyatts
$$`;

/**
 * The INSERT into audit.log for one kind of statement. `has_before`, `has_after`: which images there are; `source`: the FROM clause that
 * yields rows `o` and `n`. What the statement shares are the table's defaults: as items of the SELECT, those that are volatile would have each row projected twice.
 */
const ENTRY_INSERT = String.raw`
create function audit.entry_insert(root regclass, version integer, operation text, key_alias text, has_before boolean, has_after boolean, source text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $f$
  with images as (
         select string_agg(o.output, ', ' order by o.ordinal) as old_texts, string_agg(n.output, ', ' order by n.ordinal) as new_texts
         from audit.column_text(root, 'o') o join audit.column_text(root, 'n') n using (ordinal)),
       k as (
         select string_agg(format('%L, %s', name, case when key_alias = 'both' then format('coalesce(n.%1$I, o.%1$I)', name) else format('%s.%I', key_alias, name) end), ', ' order by ordinal) as pairs,
                (array_agg(name order by ordinal))[1] as first from audit.key_columns(root))
  select format($$insert into audit.log (operation, key, before, after, schema_version) select %2$s, jsonb_build_object(%3$s), %4$s, %5$s, %1$s from %6$s$$,
    version, operation, k.pairs,
    case when not has_before then 'null::text[]' when key_alias = 'both' then format('case when o.%I is not null then array[%s] end', k.first, images.old_texts) else format('array[%s]', images.old_texts) end,
    case when not has_after then 'null::text[]' when key_alias = 'both' then format('case when n.%I is not null then array[%s] end', k.first, images.new_texts) else format('array[%s]', images.new_texts) end,
    source)
  from k cross join images
$f$`;

/**
 * The settings that the columns' texts depend on, as SET clauses. Each costs every write some 4 µs, so they are the ones that the types need; a type
 * that is not known here gets all of them.
 */
const PINNED = String.raw`
create function audit.pinned(root regclass) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  with base as (
    select case when t.typtype = 'e' then 'text'::regtype::oid when t.typtype = 'd' or t.typelem <> 0 and t.typlen = -1 then 0 else t.oid end as type
    from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = root and a.attnum > 0 and not a.attisdropped),
  pins(clause, types) as (values
    ('set "TimeZone" = ''UTC''', '{timestamptz}'::regtype[]), ('set "DateStyle" = ''ISO, MDY''', '{timestamptz,timestamp,date}'),
    ('set "IntervalStyle" = ''postgres''', '{interval}'), ('set bytea_output = ''hex''', '{bytea}'), ('set extra_float_digits = 1', '{float4,float8}'),
    ('set lc_monetary = ''C''', '{money}'), ('', '{bool,int2,int4,int8,numeric,oid,text,varchar,bpchar,name,uuid,json,jsonb,inet,cidr,macaddr,macaddr8}'))
  select 'set search_path = pg_catalog, pg_temp ' || coalesce(string_agg(distinct p.clause, ' '), '')
  from base b join pins p on b.type = any (p.types::oid[]) or not exists (select from pins k where b.type = any (k.types::oid[]))
$$`;

/**
 * Creates audit.record_<id>_insert, _update, _delete and _truncate. One function for each: a condition in PL/pgSQL is prepared anew in each transaction.
 * An update is matched by key, so that a changed key becomes a delete and an insert. A truncate records each row it removes and one entry without a key
 * for the statement.
 */
const WRITE_RECORDER = String.raw`
create function audit.write_recorder(adopted_id integer, root regclass, version integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $f$
declare
  recorder text := 'audit.record_' || adopted_id;
  -- An event trigger renews recorders; where none could be created, a new column must not slip past in silence.
  guard text := '';
  body text;
  kind text;
  matched text := (select string_agg(format('o.%1$I %2$s n.%1$I', name, equals), ' and ' order by ordinal) from audit.key_columns(root));
  first name := (select name from audit.key_columns(root) where ordinal = 1);
  pinned text := audit.pinned(root);
begin
  if not exists (select from pg_event_trigger where evtname = 'lakeloop_ddl') then
    guard := format($$
  if (select k.relnatts from pg_class k where k.oid = %s) <> %s then
    raise object_not_in_prerequisite_state using message = 'the table has changed since it was adopted', hint = %L;
  end if;$$, root::oid, (select relnatts from pg_class where oid = root), format('run: select lakeloop.adopt(%L)', root));
  end if;
  foreach kind in array array['insert', 'update', 'delete'] loop
    execute format($q$create or replace function %s_%s() returns trigger language plpgsql security definer %s as $body$
begin%s
  %s;
  return null;
end $body$ $q$, recorder, kind, pinned, guard, case kind
      when 'insert' then audit.entry_insert(root, version, '''insert''', 'n', false, true, 'new_rows n')
      when 'update' then audit.entry_insert(root, version, format($$case when o.%1$I is null then 'insert' when n.%1$I is null then 'delete' else 'update' end$$, first), 'both', true, true,
        format('old_rows o full join new_rows n on %s', matched))
      else audit.entry_insert(root, version, '''delete''', 'o', true, false, 'old_rows o') end);
  end loop;
  select format($q$create or replace function %1$s_truncate() returns trigger language plpgsql security definer %2$s set row_security = off as $body$
begin%3$s
  if (select k.relkind from pg_class k where k.oid = tg_relid) = 'r' then
    execute replace(%4$L, '@table', tg_relid::regclass::text);
  end if;
  insert into audit.log (operation, schema_version, salt) values ('truncate', %5$s, null);
  return null;
end $body$ $q$, recorder, pinned, guard, audit.entry_insert(root, version, '''truncate''', 'o', true, false, 'only @table o'), version) into body;
  execute body;
  foreach kind in array array['insert', 'update', 'delete', 'truncate'] loop
    execute format('alter function %1$s_%2$s() owner to lakeloop_owner; revoke all on function %1$s_%2$s() from public', recorder, kind);
  end loop;
end
$f$`;

/** The table's shape as a row of audit.schema_version; a new one when it differs from the last. */
const SCHEMA_VERSION = `
create function audit.current_schema_version(adopted_id integer, root regclass) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  shape audit.schema_version;
  found_id integer;
begin
  select n.nspname, k.relname into shape.table_schema, shape.table_name from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = root;
  select array_agg(name order by ordinal), array_agg(type order by ordinal) into shape.columns, shape.types from audit.column_text(root, 'n');
  select array_agg(name order by ordinal) into shape.key_columns from audit.key_columns(root);
  select v.id into found_id from audit.schema_version v
  where v.id = (select max(l.id) from audit.schema_version l where l.adopted_id = $1)
    and (v.table_schema, v.table_name, v.columns, v.types, v.key_columns) = (shape.table_schema, shape.table_name, shape.columns, shape.types, shape.key_columns);
  if found_id is null then
    insert into audit.schema_version (adopted_id, table_schema, table_name, columns, types, key_columns)
    values (adopted_id, shape.table_schema, shape.table_name, shape.columns, shape.types, shape.key_columns) returning id into found_id;
  end if;
  return found_id;
end
$$`;

/** Replica identity and triggers on one relation: the table itself, or a partition (a parent's trigger is silent for DML on a leaf). `first`: PL/pgSQL. */
export const attach = (first: string): string => `
create or replace function audit.attach(relation regclass, adopted_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  fn text := 'audit.record_' || adopted_id;
begin${first}
  if (select relreplident from pg_class where oid = relation) <> 'f' then
    execute format('alter table %s replica identity full', relation);
  end if;
  if (select count(*) from pg_trigger where tgrelid = relation and tgname like 'lakeloop\\_audit\\_%' and tgenabled = 'A') = 4 then
    return;
  end if;
  execute format('create or replace trigger lakeloop_audit_insert after insert on %s referencing new table as new_rows for each statement execute function %s_insert()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function %s_update()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_delete after delete on %s referencing old table as old_rows for each statement execute function %s_delete()', relation, fn);
  execute format('create or replace trigger lakeloop_audit_truncate before truncate on %s for each statement execute function %s_truncate()', relation, fn);
  execute format('alter table %s enable always trigger lakeloop_audit_insert, enable always trigger lakeloop_audit_update,
    enable always trigger lakeloop_audit_delete, enable always trigger lakeloop_audit_truncate', relation);
end
$$`;

const ADOPT = `
create function lakeloop.adopt(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  relation record;
  entry_id integer;
  version integer;
begin
  select k.relkind, k.relispartition, k.relpersistence, k.relowner, n.nspname, k.relname into relation from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = target;
  if relation.relkind not in ('r', 'p') or relation.relpersistence <> 'p' then
    raise wrong_object_type using message = format('%s is not a permanent table', target);
  elsif relation.relispartition then
    raise wrong_object_type using message = format('%s is a partition', target), hint = format('adopt %s', pg_partition_root(target));
  elsif relation.nspname in ('lakeloop', 'audit') then
    raise wrong_object_type using message = format('%s is Lakeloop''s own', target);
  elsif not exists (select from pg_index where indrelid = target and indisprimary) then
    raise object_not_in_prerequisite_state using message = format('%s has no primary key', target), hint = format('alter table %s add primary key (…)', target);
  end if;
  perform set_config('lakeloop.adopting', 'on', true);
  insert into lakeloop.adopted (root) values (target) on conflict (root) do update set adopted_at = lakeloop.adopted.adopted_at returning id into entry_id;
  version := audit.current_schema_version(entry_id, target);
  update lakeloop.adopted set schema_version = version where id = entry_id and schema_version is distinct from version;
  perform audit.write_recorder(entry_id, target, version);
  if not has_table_privilege('lakeloop_owner', target, 'select') then
    execute format('grant select on %s to lakeloop_owner', target);
  end if;
  perform audit.attach(target, entry_id);
  perform audit.attach(leaf.relid, entry_id) from pg_partition_tree(target) leaf where leaf.relid <> target;
  if exists (select from pg_publication where pubname = 'lakeloop' and not puballtables)
     and not exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = 'lakeloop' and r.prrelid = target) then
    execute format('alter publication lakeloop add table %s', target);
  end if;
  perform set_config('lakeloop.adopting', '', true);
end
$$;
revoke all on function lakeloop.adopt from public`;

/** Event trigger function: an adopted table's new columns and partitions come under audit in the transaction that makes them. */
const ON_DDL = `
create function lakeloop.on_ddl() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  root regclass;
begin
  if current_setting('lakeloop.adopting', true) = 'on' then
    return;
  end if;
  for root in
    select distinct a.root from pg_event_trigger_ddl_commands() c join lakeloop.adopted a on a.root = c.objid or a.root = pg_partition_root(c.objid)
    where c.classid = 'pg_class'::regclass
  loop
    perform lakeloop.adopt(root);
  end loop;
end
$$`;
