import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/**
 * `lakeloop.relationship`: which table of the lakehouse belongs to a column of an operational table, so that a page of rows can embed it. It is
 * administrators' to write: what a caller sees of either side is the policy's to say, not this table's.
 */
export class Relationship1764000000012 implements MigrationInterface {
  readonly name = 'Relationship1764000000012';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [RELATIONSHIP]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.relationship');
  }
}

const RELATIONSHIP = `
create table lakeloop.relationship (
  name text primary key,
  table_schema text not null,
  table_name text not null,
  table_column text not null,
  lake_schema text not null,
  lake_table text not null,
  lake_column text not null,
  to_one boolean not null default false
);
create index relationship_table on lakeloop.relationship (table_schema, table_name);
grant select on lakeloop.relationship to public;
comment on table lakeloop.relationship is 'Analytical tables that rows of an operational table can embed, by the text of one column'`;
