import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from '#libs/governance/migrations/as-owner';

/** What is installed: a row a flow, with its definition as data, so that `psql` can ask what a case may do. */
export class Flows1763900000001 implements MigrationInterface {
  readonly name = 'Flows1763900000001';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [FLOW]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.flow');
  }
}

const FLOW = `
create table lakeloop.flow (
  name text primary key,
  definition jsonb not null,
  fingerprint text not null,
  installed_at timestamptz not null default clock_timestamp()
)`;
