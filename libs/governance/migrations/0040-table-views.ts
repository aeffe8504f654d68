import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Views of a table that people keep under a name: filters, order, columns and widths (services/write/src/tables/views). Row-level security says who sees one, for
 * `psql` as for the service: its owner, the token's `sub`; and where it is shared, whoever may read the table and every column that its filters and order name.
 */
export class TableViews1764000000040 implements MigrationInterface {
  readonly name = 'TableViews1764000000040';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [VIEW, READABLE, NAMES_READABLE, POLICIES, DEFAULT]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.default_view, lakeloop.table_view; drop function lakeloop.names_readable, lakeloop.readable');
  }
}

const VIEW = `
create table lakeloop.table_view (
  id uuid primary key default gen_random_uuid(),
  root regclass not null,
  owner text not null default lakeloop.claim('sub'),
  name text not null check (char_length(name) between 1 and 80 and name ~ '\\S' and name !~ '[[:cntrl:]]'),
  shared boolean not null default false,
  view jsonb not null check (octet_length(view::text) <= 65536),
  changed_at timestamptz not null default clock_timestamp(),
  unique (root, owner, name)
)`;

/** Null for a table that is gone. */
const READABLE = `
create function lakeloop.readable(root regclass) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select has_any_column_privilege(root::oid, 'select')
$$`;

/** A filter holds a value: whoever may not read the column does not read it there. Names of columns that are gone count for nothing. */
const NAMES_READABLE = `
create function lakeloop.names_readable(root regclass, view jsonb) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select not exists (
    select from (select jsonb_path_query(view, '$.filters[*].column') union all select jsonb_path_query(view, '$.sorts[*].column')) n(name)
    join pg_attribute a on a.attrelid = root and a.attname = n.name #>> '{}' and a.attnum > 0 and not a.attisdropped
    where not has_column_privilege(root::oid, a.attnum, 'select'))
$$`;

const POLICIES = `
alter table lakeloop.table_view enable row level security;
create policy own on lakeloop.table_view using (owner = lakeloop.claim('sub') and lakeloop.readable(root)) with check (owner = lakeloop.claim('sub') and lakeloop.readable(root));
create policy shared on lakeloop.table_view for select using (shared and lakeloop.readable(root) and lakeloop.names_readable(root, view));
grant select, insert (root, name, shared, view), update (name, shared, view, changed_at), delete on lakeloop.table_view to public`;

/** The view that a person wants where an address names none: one of their own, or one that is shared with them. */
const DEFAULT = `
create table lakeloop.default_view (
  root regclass not null,
  owner text not null default lakeloop.claim('sub'),
  view uuid not null references lakeloop.table_view on delete cascade,
  primary key (root, owner)
);
create index default_view_view on lakeloop.default_view (view);
alter table lakeloop.default_view enable row level security;
create policy own on lakeloop.default_view using (owner = lakeloop.claim('sub'))
  with check (owner = lakeloop.claim('sub') and exists (select from lakeloop.table_view v where v.id = default_view.view and v.root = default_view.root));
grant select, insert (root, view), update (view), delete on lakeloop.default_view to public`;
