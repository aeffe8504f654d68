import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Moments that the past can be read at (services/write/src/as-of). A checkpoint is a snapshot of the database: what it does not see has happened since. "The
 * table as of then" is the rows untouched since, and before-images of those that were touched.
 */
export class AsOf1764000000027 implements MigrationInterface {
  readonly name = 'AsOf1764000000027';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [CHECKPOINT, takeCheckpoint(LAST_ID), ATTNUMS, PASS, ALIGNED, CHANGES, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.changes_since, audit.aligned, audit.alignment, lakeloop.take_checkpoint; drop table audit.as_of_secret, audit.checkpoint;
      drop trigger attnums on audit.schema_version; drop function audit.version_attnums; alter table audit.schema_version drop column attnums`);
  }
}

/**
 * \`last_id\`: no transaction that begins after the snapshot has an entry up to it. \`floor\`: the snapshot sees every entry up to it, so that what has happened
 * since is looked for behind it.
 */
const CHECKPOINT = `
create table audit.checkpoint (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  snapshot pg_snapshot not null,
  last_id bigint not null,
  floor bigint not null
);
create index checkpoint_at on audit.checkpoint (at)`;

/**
 * A checkpoint, where anything may have been recorded or adopted since the last one, or that one may not see all that was; null else. When nothing is written, two or
 * three more are taken, until one is known to see everything; while a transaction is open that may have written something, none. The sequence is read before the snapshot is taken. What an older
 * checkpoint knew of the sequence counts once its snapshot has nothing in flight that this one still has; the one before it is taken, because an entry of a truncate
 * may have its id before its transaction has one. `lastId`: SQL, the newest id of the log; 0 before the first.
 */
export const takeCheckpoint = (lastId: string): string => `
create or replace function lakeloop.take_checkpoint() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  last audit.checkpoint;
  known bigint := ${lastId};
  seen pg_snapshot;
  taken bigint;
begin
  seen := pg_current_snapshot();
  select * into last from audit.checkpoint c order by c.id desc limit 1;
  if last.last_id = known and not exists (select from lakeloop.adopted a where a.adopted_at > last.at)
     and (last.floor = known or pg_snapshot_xmin(last.snapshot) < pg_snapshot_xmax(last.snapshot) and pg_snapshot_xmin(seen) = pg_snapshot_xmin(last.snapshot)) then
    return null;
  end if;
  insert into audit.checkpoint (at, snapshot, last_id, floor)
  values (clock_timestamp(), seen, known, greatest(last.floor, coalesce(
    (select c.last_id from audit.checkpoint c where pg_snapshot_xmax(c.snapshot) <= pg_snapshot_xmin(seen) order by c.id desc offset 1 limit 1), 0)))
  returning id into taken;
  return taken;
end
$$;
revoke all on function lakeloop.take_checkpoint from public`;

const LAST_ID = `coalesce(pg_sequence_last_value(pg_get_serial_sequence('audit.log', 'id')::regclass), 0)`;

/** Which column each of an image is, whatever it is called later. */
const ATTNUMS = `
alter table audit.schema_version add column attnums smallint[];
create function audit.version_attnums() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.attnums := (select array_agg(a.attnum order by a.attnum) from lakeloop.adopted d join pg_attribute a on a.attrelid = d.root
    where d.id = new.adopted_id and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v');
  return new;
end
$$;
create trigger attnums before insert on audit.schema_version for each row execute function audit.version_attnums();
update audit.schema_version v set attnums = c.attnums
from lakeloop.adopted d cross join lateral (
  select array_agg(a.attnum order by a.attnum) as attnums, array_agg(a.attname order by a.attnum) as names from pg_attribute a
  where a.attrelid = d.root and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v') c
where d.id = v.adopted_id and v.columns = c.names`;

/**
 * Row-level security does not reach images, so nobody but a service login may have them, and it only for a table, moment and role that it has made a pass for:
 * the function that hands them out runs inside a statement of the caller's role.
 */
const PASS = `
create table audit.as_of_secret (secret bytea not null);
insert into audit.as_of_secret values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))`;

/** Where each of today's columns is in an image: by its number, or by its name where that column is gone. Null for a version that has them as they are. */
const ALIGNED = `
create function audit.alignment(version audit.schema_version, attnums smallint[], names name[]) returns integer[]
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when version.attnums = attnums then null else array_agg(coalesce(array_position(version.attnums, a.attnum), (
    select u.place::integer from unnest(version.columns) with ordinality u(name, place)
    where u.name = a.name and (version.attnums is null or version.attnums[u.place] <> all (attnums)))) order by a.place) end
  from unnest(attnums, names) with ordinality a(attnum, name, place)
$$;
create function audit.aligned(texts text[], places integer[]) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select case when texts is null or places is null then texts else array(select texts[p.place] from unnest(places) with ordinality p(place, n) order by p.n) end
$$`;

const CHANGES = `
create function lakeloop.changes_since(adopted integer, checkpoint bigint, attnums smallint[], names name[], pass bytea)
returns table (id bigint, before text[], after text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not lakeloop.is_service_session() or not exists (select from audit.as_of_secret s
     where pass = sha256(s.secret || convert_to(concat_ws(':', adopted, checkpoint, current_setting('role')), 'UTF8'))) then
    raise insufficient_privilege using message = 'the past is read through the write service';
  end if;
  return query
  with version as materialized (
    select v.id, audit.alignment(v, changes_since.attnums, changes_since.names) as places from audit.schema_version v where v.adopted_id = changes_since.adopted)
  select l.id, audit.aligned(l.before, v.places), audit.aligned(l.after, v.places)
  from audit.checkpoint c join audit.log l on l.id > c.floor join version v on v.id = l.schema_version
  where c.id = changes_since.checkpoint and l.key is not null and not pg_visible_in_snapshot(l.xid, c.snapshot);
end
$$;
revoke all on function lakeloop.changes_since from public`;

/** Execution by everybody: inside a statement it is the caller's role that calls. */
const GRANTS = `
grant execute on function lakeloop.changes_since to public;
grant execute on function lakeloop.take_checkpoint to lakeloop_write;
grant select on audit.checkpoint, audit.as_of_secret, audit.schema_version to lakeloop_write;
grant select on audit.checkpoint to auditor, administrator`;
