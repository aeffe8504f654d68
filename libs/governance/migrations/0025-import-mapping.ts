import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from './as-owner.ts';

/** Which column of the table each name in an import's file means, where they are called differently. */
export class ImportMapping1764000000025 implements MigrationInterface {
  readonly name = 'ImportMapping1764000000025';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, ['alter table lakeloop.import add mapping jsonb']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table lakeloop.import drop mapping');
  }
}
