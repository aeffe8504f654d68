import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Tables that users make and edit (services/write/src/tables). What PostgreSQL itself can say of a column it says: type, default, constraints, comment. Here is
 * the rest: what the user called the column and asked for, each edit with who and why and the edit that takes it back, and the values of dropped columns.
 */
export class Tables1764000000022 implements MigrationInterface {
  readonly name = 'Tables1764000000022';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [NOTE, EDIT, STAMP, SCHEMAS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop schema lakeloop_dropped cascade; drop schema lakeloop_archive; drop function lakeloop.stamp; drop table lakeloop.schema_edit, lakeloop.column_note, lakeloop.table_note`,
    );
  }
}

const NOTE = `
create table lakeloop.table_note (
  root regclass primary key,
  label text,
  column_order name[],
  archived_from name
);
create table lakeloop.column_note (
  root regclass not null,
  attnum smallint not null,
  spec jsonb not null,
  primary key (root, attnum)
)`;

/** \`inverse\`: the edit that takes this one back; null where nothing can. \`reverts\`: the edit that this one took back. */
const EDIT = `
create table lakeloop.schema_edit (
  id bigint generated always as identity primary key,
  root oid not null,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  context jsonb not null,
  table_schema name not null,
  table_name name not null,
  edit jsonb not null,
  inverse jsonb,
  sql text[] not null,
  reverts bigint references lakeloop.schema_edit
);
create index schema_edit_root on lakeloop.schema_edit (root, id);
grant select on lakeloop.table_note, lakeloop.column_note, lakeloop.schema_edit to lakeloop_write, auditor, administrator`;

/** Fills the system columns of a table made by a user. Nobody sets them by hand: what is given is replaced. */
const STAMP = `
create function lakeloop.stamp() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := now();
    new.created_by := lakeloop.actor();
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
  end if;
  new.updated_at := now();
  new.updated_by := lakeloop.actor();
  return new;
end
$$`;

const SCHEMAS = `
create schema lakeloop_archive;
create schema lakeloop_dropped`;
