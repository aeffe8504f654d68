import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Columns of files (services/write/src/files, docs/adr/0050-files.md). A cell holds metadata; the bytes lie in a storage of the write service, by the upload's id.
 * The database decides which metadata may stand where, so that it holds for `psql` too.
 */
export class Files1764000000050 implements MigrationInterface {
  readonly name = 'Files1764000000050';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [TYPE, UPLOAD, PLACE, VALUE, ROW_KEY, MAY_PLACE, PLACE_FILES, ATTACH, ON_ADOPTED, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop trigger adopted_files on lakeloop.adopted; drop function lakeloop.on_adopted_files, lakeloop.attach_files, lakeloop.place_files, lakeloop.may_place,
      lakeloop.file_row, lakeloop.file_value; drop table lakeloop.file_place, lakeloop.upload; drop domain lakeloop.file`);
  }
}

/** The shape alone; `lakeloop.place_files` compares it with what was uploaded. */
const TYPE = `
create domain lakeloop.file as jsonb constraint file_shape check (
  coalesce(value is null or jsonb_typeof(value) = 'object' and value ?& array['id', 'name', 'type', 'size', 'sha256'] and value - array['id', 'name', 'type', 'size', 'sha256'] = '{}', false));
comment on type lakeloop.file is 'Metadata of an uploaded file: {id, name, type, size, sha256}'`;

/**
 * A file, from the moment its first byte may arrive to the one its last byte is gone. `arriving`: bytes may lie in the storage, and nobody was told of it yet.
 * `leaving`: it is collected; its bytes may be gone. `placed_at`: when it first came into a row: from then on history needs it.
 */
const UPLOAD = `
create table lakeloop.upload (
  id uuid primary key,
  state text not null default 'arriving' check (state in ('arriving', 'stored', 'leaving')),
  name text not null,
  type text not null,
  size bigint,
  sha256 text,
  actor text not null,
  role text not null,
  created_at timestamptz not null default clock_timestamp(),
  placed_at timestamptz,
  check (state <> 'stored' or size is not null and sha256 is not null)
);
create index upload_unused on lakeloop.upload (created_at) where placed_at is null`;

/** The cells in which a file stands or stood; `row_hash`: SHA-256 of the row's key. A dump has the table by its name. */
const PLACE = `
create table lakeloop.file_place (
  upload uuid not null references lakeloop.upload,
  root regclass not null,
  attnum smallint not null,
  row_hash bytea not null,
  at timestamptz not null default now(),
  primary key (upload, root, attnum, row_hash)
)`;

const VALUE = `
create function lakeloop.file_value(upload lakeloop.upload) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp as $$
  select jsonb_build_object('id', upload.id, 'name', upload.name, 'type', upload.type, 'size', upload.size, 'sha256', upload.sha256)
$$;
revoke all on function lakeloop.file_value from public`;

/** Hash of a row's key by its values, so that it outlives other names; null for no row. */
const ROW_KEY = `
create function lakeloop.file_row(root oid, image jsonb) returns bytea
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when image is not null then coalesce((
    select sha256(convert_to(jsonb_agg(image -> a.attname order by k.place)::text, 'UTF8'))
    from pg_index i cross join unnest(i.indkey::int2[]) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = root and i.indisprimary and k.place <= i.indnkeyatts), '') end
$$;
revoke all on function lakeloop.file_row from public`;

/**
 * Whether metadata may stand in a cell: they are those of a stored file, and the file is the writer's own upload, or stood in this very cell before (undo,
 * restore, a change of the row's key). Logins of the owner (DDL, superusers) are trusted with the rest. A file that comes into its first row is claimed from
 * the collector, which skips what is locked.
 */
const MAY_PLACE = `
create function lakeloop.may_place(file jsonb, root oid, attnum smallint, rows bytea[]) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  found_upload lakeloop.upload;
begin
  select u.* into found_upload from lakeloop.upload u
  where u.id = case when file ->> 'id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then (file ->> 'id')::uuid end and u.state = 'stored';
  if found_upload.id is null or lakeloop.file_value(found_upload) <> file then
    return false;
  end if;
  if found_upload.actor <> lakeloop.actor() and not pg_has_role(session_user, 'lakeloop_owner', 'member') and not exists (
    select from lakeloop.file_place p where p.upload = found_upload.id and p.root = may_place.root and p.attnum = may_place.attnum and p.row_hash = any (rows))
  then
    return false;
  end if;
  if found_upload.placed_at is null then
    update lakeloop.upload u set placed_at = coalesce(u.placed_at, now()) where u.id = found_upload.id and u.state = 'stored';
    return found;
  end if;
  return true;
end
$$;
revoke all on function lakeloop.may_place from public`;

/**
 * After each insert and update of a table with columns of files. Its settings are those that a key's texts depend on. A file that was in the cell already
 * needs no leave, whatever else of the row changes; from a login of the owner it is noted all the same, which mends what a restore or a missing trigger left out.
 */
const PLACE_FILES = `
create function lakeloop.place_files() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' set "IntervalStyle" = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1 as $$
declare
  root oid := coalesce(pg_partition_root(tg_relid), tg_relid);
  image jsonb := to_jsonb(new);
  before_image jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) end;
  row_hash bytea := lakeloop.file_row(root, image);
  before_hash bytea := lakeloop.file_row(root, before_image);
  one record;
begin
  for one in select a.attnum, a.attname, image -> a.attname as file, before_image -> a.attname as before_file
    from pg_attribute a where a.attrelid = root and a.attnum > 0 and not a.attisdropped and a.atttypid = 'lakeloop.file'::regtype
  loop
    continue when coalesce(jsonb_typeof(one.file), 'null') = 'null' or one.file = one.before_file and row_hash = before_hash and not pg_has_role(session_user, 'lakeloop_owner', 'member');
    if not lakeloop.may_place(one.file, root, one.attnum, case when one.file = one.before_file then array[row_hash, before_hash] else array[row_hash] end) then
      continue when one.file = one.before_file and row_hash = before_hash;
      raise check_violation using message = format('the value of the column %s is no file that may be put there', one.attname),
        hint = 'POST /v1/files answers with the value of a file, for whoever uploaded it to put into a row.',
        schema = tg_table_schema, table = tg_table_name, column = one.attname, constraint = 'lakeloop_files';
    end if;
    insert into lakeloop.file_place (upload, root, attnum, row_hash) values ((one.file ->> 'id')::uuid, root, one.attnum, row_hash) on conflict do nothing;
  end loop;
  return null;
end
$$`;

/** For the table's owner, as `audit.attach`. Of a partitioned table the partitions get it by themselves. */
const ATTACH = `
create function lakeloop.attach_files(target regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from pg_attribute a where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.atttypid = 'lakeloop.file'::regtype)
     and not exists (select from pg_trigger g where g.tgrelid = target and g.tgname = 'lakeloop_files') then
    execute format('create trigger lakeloop_files after insert or update on %s for each row execute function lakeloop.place_files()', target);
  end if;
end
$$;
revoke all on function lakeloop.attach_files from public`;

/** `lakeloop.adopt` writes this row each time, and an event trigger adopts a table anew after each change of it. */
const ON_ADOPTED = `
create function lakeloop.on_adopted_files() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform lakeloop.attach_files(new.root);
  return null;
end
$$;
create trigger adopted_files after insert or update on lakeloop.adopted for each row execute function lakeloop.on_adopted_files()`;

const GRANTS = `
grant select, insert, update, delete on lakeloop.upload to lakeloop_write;
grant select on lakeloop.file_place to lakeloop_write;
grant execute on function lakeloop.file_value to lakeloop_write;
grant select on lakeloop.upload, lakeloop.file_place to auditor, administrator`;
