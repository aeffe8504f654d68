import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `lakeloop.mirror`: tables of the lakehouse that are kept as read-only tables here, and how far each is; and the trigger function that refuses every
 * writer but the one that keeps them (docs/mirrors.md).
 */
export class Mirror1764000000013 implements MigrationInterface {
  readonly name = 'Mirror1764000000013';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [MIRROR, READ_ONLY]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.mirror; drop function lakeloop.refuse_mirror_write() cascade');
  }
}

/** `source_committed_at` tells a table that was dropped and made anew from the one whose version was mirrored. */
const MIRROR = `
create table lakeloop.mirror (
  id integer generated always as identity primary key,
  source_schema text not null,
  source_table text not null,
  target_schema text not null,
  target_table text not null,
  mode text not null check (mode in ('snapshot', 'incremental')),
  key_columns text[] not null check (cardinality(key_columns) > 0),
  every_ms bigint check (every_ms >= 1000),
  version bigint,
  source_committed_at timestamptz,
  source_columns text[],
  rows bigint,
  lake_version bigint,
  refreshed_at timestamptz,
  attempted_at timestamptz,
  state text not null default 'new' check (state in ('new', 'current', 'failed')),
  error text,
  unique (target_schema, target_table)
);
grant select on lakeloop.mirror to auditor, administrator;
comment on table lakeloop.mirror is 'Lakehouse tables kept as read-only tables, and the version each is at';
comment on column lakeloop.mirror.refreshed_at is 'when the target last equalled the newest version of its source';
comment on column lakeloop.mirror.lake_version is 'the newest version that was seen of the source'`;

const READ_ONLY = `
create function lakeloop.refuse_mirror_write() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if current_user = 'lakeloop_lakehouse' then
    return null;
  end if;
  raise insufficient_privilege using message = format('%I.%I mirrors a table of the lakehouse: it is read, never written', tg_table_schema, tg_table_name);
end
$$`;
