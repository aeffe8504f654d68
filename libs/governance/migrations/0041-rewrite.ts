import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Schema edits that write a table's rows anew while others read and write it (services/write/src/tables/steps, docs/adr/0041-edits-in-steps.md). A rewrite is no
 * change of a row: it has no audit entry, and a row version from before it is still good for `If-Match`.
 */
export class Rewrite1764000000041 implements MigrationInterface {
  readonly name = 'Rewrite1764000000041';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [STEPWISE_EDIT, REWRITE_XID, IS_REWRITE, ONLY_REWRITTEN, COLUMN_TEXT, ATTNUMS, WATCH, MOVE_COLUMN, COPY_GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop function lakeloop.copy_grants, lakeloop.move_column, lakeloop.watch_updates, lakeloop.only_rewritten, lakeloop.is_rewrite; drop table lakeloop.rewrite_xid, lakeloop.stepwise_edit`,
    );
  }
}

/**
 * An edit that is done in steps, by the number that it has in \`lakeloop.schema_edit\` once it is applied. \`cursor\`: key of the last row that was copied.
 * \`ending\`: the state that it will have when it is cleaned up.
 */
const STEPWISE_EDIT = `
create table lakeloop.stepwise_edit (
  id bigint primary key,
  root oid not null,
  role text not null,
  actor text not null,
  context jsonb not null,
  table_schema name not null,
  table_name name not null,
  owner name not null,
  edit jsonb not null,
  inverse jsonb,
  reverts bigint,
  plan jsonb not null,
  losses jsonb not null,
  state text not null default 'running' check (state in ('running', 'applied', 'failed', 'cancelled')),
  ending text check (ending in ('failed', 'cancelled')),
  phase text not null default 'copy' check (phase in ('copy', 'index', 'validate', 'swap')),
  cursor text[],
  rows bigint not null default 0,
  total bigint not null,
  pid integer,
  failure jsonb,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
);
create unique index stepwise_edit_running on lakeloop.stepwise_edit (root) where state = 'running';
grant select on lakeloop.stepwise_edit to lakeloop_write, auditor, administrator`;

/** Transactions that wrote rows anew. \`version\` is the row version that those rows have since. */
const REWRITE_XID = `
create table lakeloop.rewrite_xid (
  root oid not null,
  version text not null,
  xid xid8 not null default pg_current_xact_id() primary key,
  snapshot pg_snapshot not null default pg_current_snapshot()
);
create index rewrite_xid_version on lakeloop.rewrite_xid (root, version)`;

/** Whether this transaction rewrites: the setting is anybody's to make, the row is not. Cheap where it doesn't. */
const IS_REWRITE = `
create function lakeloop.is_rewrite() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce(current_setting('lakeloop.rewrite', true), '') <> '' and exists (select from lakeloop.rewrite_xid r where r.xid = pg_current_xact_id_if_assigned());
end
$$`;

/**
 * Whether a row whose version a rewrite made was, before it, of one of the versions that \`tags\` name: that of its last change, or one that an earlier
 * rewrite made after that change. Where that can't be known (the key had other names, nothing is recorded and the tag is no rewrite's) the answer is no.
 * A batch of inserts may only seem to have the key: then the answer is no as well.
 * Volatile: the row may have been rewritten after the statement's snapshot.
 */
const ONLY_REWRITTEN = `
create function lakeloop.only_rewritten(root oid, version text, key jsonb, tags text[]) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  adopted integer;
  changed xid8;
begin
  if not exists (select from lakeloop.rewrite_xid r where r.root = only_rewritten.root and r.version = only_rewritten.version) then
    return false;
  end if;
  select a.id into adopted from lakeloop.adopted a where a.root = only_rewritten.root;
  if adopted is null or exists (select from audit.schema_version v where v.adopted_id = adopted and not only_rewritten.key ?& v.key_columns::text[]) then
    return false;
  end if;
  select l.xid into changed from audit.log l join audit.schema_version v on v.id = l.schema_version
  where (l.key = only_rewritten.key or l.id = any (audit.batches_of(array[audit.key_hash(only_rewritten.key)]))) and v.adopted_id = adopted order by l.id desc limit 1;
  return changed::xid::text = any (tags) or exists (
    select from lakeloop.rewrite_xid r
    where r.root = only_rewritten.root and r.version = any (tags) and (changed is null or pg_visible_in_snapshot(changed, r.snapshot)));
end
$$`;

/** As in 0004, without columns that are being made (\`lakeloop:…\`): they are in no image. */
const COLUMN_TEXT = String.raw`
create or replace function audit.column_text(root regclass, alias text)
returns table (ordinal bigint, name name, type text, output text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select row_number() over (order by a.attnum), a.attname, format_type(a.atttypid, a.atttypmod),
         case when t.typnamespace = 'pg_catalog'::regnamespace and t.typtype = 'b' and (t.oid in ('text'::regtype, 'varchar'::regtype) or not exists (select from pg_cast x where x.castsource = t.oid and x.casttarget = 'text'::regtype))
              then format('%s.%I::text', alias, a.attname)
              else format('textin(%I.%I(%s.%I))', fn.nspname, f.proname, alias, a.attname) end
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid join pg_proc f on f.oid = t.typoutput join pg_namespace fn on fn.oid = f.pronamespace
  where a.attrelid = root and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v' and not starts_with(a.attname, 'lakeloop:')
$$`;

/** As in 0027, likewise. */
const ATTNUMS = `
create or replace function audit.version_attnums() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.attnums := (select array_agg(a.attnum order by a.attnum) from lakeloop.adopted d join pg_attribute a on a.attrelid = d.root
    where d.id = new.adopted_id and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v' and not starts_with(a.attname, 'lakeloop:'));
  return new;
end
$$`;

/** Lets the recorder of updates of an adopted table pass over rewrites, or not any more. For the table's owner. */
const WATCH = `
create function lakeloop.watch_updates(root regclass, rewrites boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  adopted integer := (select a.id from lakeloop.adopted a where a.root = watch_updates.root);
begin
  if adopted is null then
    return;
  end if;
  execute format('create or replace trigger lakeloop_audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement %s execute function audit.record_%s_update()',
    root, case when rewrites then '' else 'when (not lakeloop.is_rewrite())' end, adopted);
  execute format('alter table %s enable always trigger lakeloop_audit_update', root);
end
$$;
revoke all on function lakeloop.watch_updates from public`;

/** A column has got another number: its notes and the images of its past go with it. */
const MOVE_COLUMN = `
create function lakeloop.move_column(root regclass, old_number smallint, new_number smallint) returns void
language sql set search_path = pg_catalog, pg_temp as $$
  update audit.schema_version v set attnums = array_replace(v.attnums, old_number, new_number) from lakeloop.adopted a where a.root = move_column.root and v.adopted_id = a.id and old_number = any (v.attnums);
  delete from lakeloop.column_note n where n.root = move_column.root and n.attnum = old_number
$$;
revoke all on function lakeloop.move_column from public`;

/** Grants on one column, given on another. For the table's owner. */
const COPY_GRANTS = `
create function lakeloop.copy_grants(root regclass, old_number smallint, new_number smallint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  one record;
  target name := (select attname from pg_attribute where attrelid = root and attnum = new_number);
begin
  for one in select x.* from pg_attribute a cross join aclexplode(a.attacl) x where a.attrelid = root and a.attnum = old_number loop
    execute format('grant %s (%I) on %s to %s%s', one.privilege_type, target, root, case when one.grantee = 0 then 'public' else one.grantee::regrole::text end,
      case when one.is_grantable then ' with grant option' else '' end);
  end loop;
end
$$`;
