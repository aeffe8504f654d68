import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';
import { ENTRIES } from './0035-batched-views.ts';

/** Undo of any number of rows (services/write/src/history, docs/adr/0060-undo.md). */
export class Undo1764000000060 implements MigrationInterface {
  readonly name = 'Undo1764000000060';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [IMAGE_KEY, REVISION, UNDO_RUN, IS_UNDOING, STOP_UNDOING, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function lakeloop.stop_undoing, lakeloop.is_undoing; drop table lakeloop.undo_run; drop view audit.revision');
  }
}

/** As in 0035, in a fifth of the time: PL/pgSQL keeps what SQL prepares for each call. */
const IMAGE_KEY = `
create or replace function audit.image_key(version audit.schema_version, image text[]) returns jsonb
language plpgsql stable cost 1000 set search_path = pg_catalog, pg_temp as $$
declare
  name name;
  place integer;
  made jsonb;
  part jsonb;
begin
  foreach name in array version.key_columns loop
    place := array_position(version.columns, name);
    part := jsonb_build_object(name, case when version.types[place] in ('smallint', 'integer', 'bigint') then to_jsonb(image[place]::numeric) else to_jsonb(image[place]) end);
    made := case when made is null then part else made || part end;
  end loop;
  return made;
end
$$`;

/** As `audit.change`, for many: images as lists of texts, and what they mean by the number of their schema version. */
const REVISION = `
create view audit.revision as
select e.id, l.id as log_id, l.key as log_key, l.key_hashes, v.adopted_id, v.id as schema_version, e.key, e.before, e.after, r.id as request, r.trace_id
from audit.logged l
join audit.schema_version v on v.id = l.schema_version
left join audit.request r on r.id = l.request_id and r.xid = l.xid and r.role = l.role
${ENTRIES}`;

/** Undos that take longer than their request waits. The end is written in the transaction of the undo, so that "done" means done. */
const UNDO_RUN = `
create table lakeloop.undo_run (
  id uuid primary key,
  actor text not null,
  role text not null,
  what jsonb not null,
  dry_run boolean not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed', 'cancelled')),
  cancelled boolean not null default false,
  phase text not null,
  rows bigint not null,
  total bigint,
  report jsonb,
  failure jsonb,
  started_at timestamptz not null,
  told_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz
)`;

/** Whether a transaction holds the lock of the undo, and so is doing it. */
const IS_UNDOING = `
create function lakeloop.is_undoing(id uuid) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select not pg_try_advisory_xact_lock_shared(hashtextextended(id::text, 0))
$$;
revoke all on function lakeloop.is_undoing from public`;

/** Ends the statement that the transaction of an undo is at. For the login that it belongs to. */
const STOP_UNDOING = `
create function lakeloop.stop_undoing(id uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
  select pg_cancel_backend(l.pid) from pg_locks l cross join hashtextextended(id::text, 0) k(key)
  where l.locktype = 'advisory' and l.granted and l.mode = 'ExclusiveLock' and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32 | l.objid::bigint) = k.key
$$;
revoke all on function lakeloop.stop_undoing from public`;

const GRANTS = `
grant select on audit.revision to lakeloop_write;
grant select, insert, update on lakeloop.undo_run to lakeloop_write;
grant select on lakeloop.undo_run to auditor, administrator;
grant execute on function lakeloop.is_undoing, lakeloop.stop_undoing to lakeloop_write`;
