import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';
import { changesSince } from './0055-audit-blocks.ts';
import { DELETE_HISTORY } from './0056-delete-history.ts';

/** How long each table's history is kept (docs/history.md, docs/adr/0056-retention.md). Nothing is deleted of a table that nobody said anything of. */
export class Retention1764000000056 implements MigrationInterface {
  readonly name = 'Retention1764000000056';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [RETENTION, DELETED, FORGOTTEN, KEEP_HISTORY, ADVANCE, ...DELETE_HISTORY, KEPT_CHANGES_SINCE, ONLY_REWRITTEN, GRANTS]);
  }

  /** What is deleted is deleted. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop function lakeloop.delete_history, lakeloop.advance_retention, lakeloop.keep_history, audit.forget_requests;
      drop table audit.forgotten_request, audit.deleted, audit.retention; alter table audit.table_block drop column cleared`);
  }
}

/**
 * \`keep\`: ISO 8601; null: for ever, from now on. \`checkpoint\`: what its snapshot sees may be gone, and nothing else; \`done\`: it is. \`gone_before\` is its time, \`gone_to\` the newest change
 * that was deleted, \`gone_request\` the newest request that was forgotten as a whole.
 */
const RETENTION = `
create table audit.retention (
  adopted_id integer primary key,
  keep text check (keep::interval >= interval '1 day'),
  checkpoint bigint not null default 0,
  snapshot pg_snapshot,
  gone_before timestamptz,
  gone_to bigint not null default 0,
  gone_request bigint not null default 0,
  done boolean not null default true
);
comment on table audit.retention is 'How long the history of tables is kept; a table without a row: for ever';
alter table audit.table_block add column cleared bigint not null default 0;
comment on column audit.table_block.cleared is 'checkpoint up to which what is past its time is deleted here'`;

/** What was deleted, page by page. \`digest\`: SHA-256 over the leaves, in the order of their entries. */
const DELETED = `
create table audit.deleted (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  adopted_id integer not null,
  keep text not null,
  checkpoint bigint not null,
  first_id bigint not null,
  last_id bigint not null,
  entries bigint not null,
  digest bytea not null
);
comment on table audit.deleted is 'Entries that were deleted because their time was over: how many, and the SHA-256 of their leaves'`;

/** Requests of whose changes some are deleted: what is left of them is not undone as if it were all. */
const FORGOTTEN = `
create table audit.forgotten_request (id bigint primary key, trace_id text collate "C");
create index forgotten_request_trace_id on audit.forgotten_request using hash (trace_id)`;

/** For an edit of the table's schema, which is on record (services/write/src/tables). What is being deleted is left until it is past its time by the new word too. */
const KEEP_HISTORY = `
create function lakeloop.keep_history(root regclass, keep text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into audit.retention (adopted_id, keep) select a.id, keep_history.keep from lakeloop.adopted a where a.root = keep_history.root
  on conflict (adopted_id) do update set keep = excluded.keep, done = true;
  if not found then
    raise object_not_in_prerequisite_state using message = format('%s has no history: it is not adopted', root);
  end if;
end
$$;
revoke all on function lakeloop.keep_history from public`;

/**
 * Says of what is past its time that it may be gone, by the full hour, before any of it is deleted: readers learn it from the same snapshot as what they find. By checkpoint: an entry that the
 * checkpoint does not see is needed for the table as of it, whatever its time. Only as far as blocks are noted, since they say what there is to delete.
 */
const ADVANCE = `
create function lakeloop.advance_retention() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  advanced integer;
begin
  update audit.retention r set checkpoint = h.id, snapshot = h.snapshot, gone_before = h.at, done = false
  from audit.retention o cross join lateral (
    select c.id, c.at, c.snapshot from audit.checkpoint c 
    where c.at <= date_trunc('hour', clock_timestamp() - o.keep::interval) and c.last_id <= (select e.last_id from audit.blocks_end e) order by c.at desc, c.id desc limit 1) h
  where r.adopted_id = o.adopted_id and h.id > r.checkpoint;
  get diagnostics advanced = row_count;
  return advanced;
end
$$;
revoke all on function lakeloop.advance_retention from public`;

/** As in 0055, but for moments whose past is deleted. Asked in the snapshot that the entries are read in. */
const KEPT_CHANGES_SINCE = changesSince(`
  if exists (select from audit.retention r where r.adopted_id = changes_since.adopted and r.checkpoint > changes_since.checkpoint) then
    raise exception using errcode = 'PT410', message = 'what was then is no longer kept';
  end if;`);

/** As in 0041, but for a row whose last entry may be deleted: then only a rewrite from after what is deleted tells that the row has not changed since. */
const ONLY_REWRITTEN = `
create or replace function lakeloop.only_rewritten(root oid, version text, key jsonb, tags text[]) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  adopted integer;
  changed xid8;
  gone pg_snapshot;
begin
  if not exists (select from lakeloop.rewrite_xid r where r.root = only_rewritten.root and r.version = only_rewritten.version) then
    return false;
  end if;
  select a.id into adopted from lakeloop.adopted a where a.root = only_rewritten.root;
  if adopted is null or exists (select from audit.schema_version v where v.adopted_id = adopted and not only_rewritten.key ?& v.key_columns::text[]) then
    return false;
  end if;
  select l.xid into changed from audit.logged l join audit.schema_version v on v.id = l.schema_version
  where (l.key = only_rewritten.key or l.id = any ((select audit.batches_of(array[audit.key_hash(only_rewritten.key)]))::bigint[])) and v.adopted_id = adopted order by l.id desc limit 1;
  gone := (select t.snapshot from audit.retention t where t.adopted_id = adopted);
  return coalesce(changed::xid::text = any (tags), false) or exists (
    select from lakeloop.rewrite_xid r
    where r.root = only_rewritten.root and r.version = any (tags)
      and case when changed is null then gone is null or pg_snapshot_xmax(gone) <= pg_snapshot_xmin(r.snapshot) else pg_visible_in_snapshot(changed, r.snapshot) end);
end
$$`;

/** The service calls the steps; how long is kept is not its to say. */
const GRANTS = `
grant execute on function lakeloop.advance_retention, lakeloop.delete_history to lakeloop_write;
grant select on audit.retention, audit.forgotten_request to lakeloop_write;
grant select on audit.retention, audit.deleted to auditor, administrator`;
