import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from '#libs/governance/migrations/as-owner';
import { CREATE_TABLES } from '../flows/planning/tables/planning-tables.ts';

/** Schema `planning`. Triggers come apart (planning-triggers.ts): they may be replaced, tables may not. */
export class Planning1764220000002 implements MigrationInterface {
  readonly name = 'Planning1764220000002';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, CREATE_TABLES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lakeloop.planning_touched; drop schema planning cascade');
  }
}
