import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from '#libs/governance/migrations/as-owner';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Migration } from '#libs/postgres/migrate';
import { compileTables } from '../cases/compile-tables.ts';
import type { ExceptionFlowDefinition } from '../cases/definition.ts';

/** The migration that creates a flow's schema. `name` ends in a timestamp (TypeORM orders by it) and never changes. */
export function exceptionFlowMigration(name: string, definition: ExceptionFlowDefinition): Migration {
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      await asOwner(runner, [`create schema ${quoteIdentifier(definition.schema)}`, ...compileTables(definition)]);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`drop schema ${quoteIdentifier(definition.schema)} cascade`);
    }
  };
}
