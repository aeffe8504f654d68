import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * Imports (services/write/src/imports): how far each is, and the lines that it refused. Progress is written in the transaction that writes the rows, so that an
 * import that was cut off goes on where it stands.
 */
export class Imports1764000000023 implements MigrationInterface {
  readonly name = 'Imports1764000000023';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [IMPORT, REFUSED, GRANTS]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.import_refusal, lakeloop.import');
  }
}

const IMPORT = `
create table lakeloop.import (
  id uuid primary key,
  actor text not null,
  role text not null,
  table_schema name not null,
  table_name name not null,
  format text not null check (format in ('csv', 'ndjson')),
  mode text not null check (mode in ('all-or-nothing', 'skip-bad')),
  columns text[],
  state text not null default 'open' check (state in ('open', 'complete', 'failed')),
  failure text,
  bytes bigint not null default 0,
  lines bigint not null default 0,
  inserted bigint not null default 0,
  refused bigint not null default 0,
  trace_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
)`;

const REFUSED = `
create table lakeloop.import_refusal (
  import uuid not null references lakeloop.import on delete cascade,
  line bigint not null,
  code text not null,
  message text not null,
  primary key (import, line)
)`;

const GRANTS = `
grant select, insert, update on lakeloop.import to lakeloop_write;
grant select, insert on lakeloop.import_refusal to lakeloop_write;
grant select on lakeloop.import, lakeloop.import_refusal to auditor, administrator`;
