/**
 * The hash of a row's key, `n` being the row: as audit.key_hash has it of the key itself. Null where the key has a type whose text in JSON is not that of its
 * output function, or equal values of which have several texts: such a table's inserts are recorded one row an entry.
 */
const KEY_HASH_SQL = String.raw`
create function audit.key_hash_sql(root regclass) returns text
language sql stable set search_path = pg_catalog, pg_temp as $f$
  select case when bool_and(a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'text'::regtype, 'varchar'::regtype, 'uuid'::regtype, 'date'::regtype))
    then format('hashtext(%s)', string_agg(format('n.%I::text collate "C"', k.name), ' || '','' || ' order by k.name)) end
  from audit.key_columns(root) k join pg_attribute a on a.attrelid = root and a.attname = k.name
$f$`;

/**
 * What a recorder does with the rows behind the first eight of a statement. In their order: the aggregates sort by the row's number, and the sequence is asked
 * for the batches in theirs.
 */
const BATCH_INSERT = String.raw`
create function audit.batch_insert(root regclass, version integer) returns text
language sql stable set search_path = pg_catalog, pg_temp as $f$
  select format($$insert into audit.batch (operation, key_hashes, after, schema_version)
    select 'insert', array_agg(b.hash order by b.number), array_agg(b.image order by b.number), %s
    from (select row_number() over () - 1 as number, %s as hash, array[%s] as image from (select * from new_rows offset 8) n) b
    group by b.number / 1000 order by b.number / 1000$$,
    version, audit.key_hash_sql(root), (select string_agg(c.output, ', ' order by c.ordinal) from audit.column_text(root, 'n') c))
$f$`;

/** As in 0004-adopt.ts, but for inserts of many rows. What few rows cost stays the same: a condition of PL/pgSQL that no query stands in. */
export const WRITE_RECORDER = String.raw`
create or replace function audit.write_recorder(adopted_id integer, root regclass, version integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $f$
declare
  recorder text := 'audit.record_' || adopted_id;
  -- An event trigger renews recorders; where none could be created, a new column must not slip past in silence.
  guard text := '';
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
    -- Names in it may look like the end of any quoting but this.
    execute format('create or replace function %s_%s() returns trigger language plpgsql security definer %s as %L', recorder, kind, pinned, format($q$
declare
  taken integer;
begin%s
  %s;
  return null;
end$q$, guard, case
      when kind = 'insert' and audit.key_hash_sql(root) is null then audit.entry_insert(root, version, '''insert''', 'n', false, true, 'new_rows n')
      when kind = 'insert' then format($$%s;
  get diagnostics taken = row_count;
  if taken = 8 then
    %s;
  end if$$, audit.entry_insert(root, version, '''insert''', 'n', false, true, 'new_rows n limit 8'), audit.batch_insert(root, version))
      when kind = 'update' then audit.entry_insert(root, version, format($$case when o.%1$I is null then 'insert' when n.%1$I is null then 'delete' else 'update' end$$, first), 'both', true, true,
        format('old_rows o full join new_rows n on %s', matched))
      else audit.entry_insert(root, version, '''delete''', 'o', true, false, 'old_rows o') end));
  end loop;
  execute format('create or replace function %s_truncate() returns trigger language plpgsql security definer %s set row_security = off as %L', recorder, pinned, format($q$
begin%s
  if (select k.relkind from pg_class k where k.oid = tg_relid) = 'r' then
    execute %L || tg_relid::regclass::text || ' o';
  end if;
  insert into audit.log (operation, schema_version, salt) values ('truncate', %s, null);
  return null;
end$q$, guard, audit.entry_insert(root, version, '''truncate''', 'o', true, false, 'only '), version));
  foreach kind in array array['insert', 'update', 'delete', 'truncate'] loop
    execute format('alter function %1$s_%2$s() owner to lakeloop_owner; revoke all on function %1$s_%2$s() from public', recorder, kind);
  end loop;
end
$f$`;

export const BATCHED_RECORDER: readonly string[] = [KEY_HASH_SQL, BATCH_INSERT, WRITE_RECORDER];
