import type { MigrationInterface, QueryRunner } from 'typeorm';
import { onDdl } from './0047-truncate-grants.ts';
import { asOwner } from './as-owner.ts';

/** Whoever follows an adopted table hears at once of DDL on it, by whatever tool (`TABLE_CHANNEL`): an open page shows the new column, a stream begins anew. */
export class TellTables1764000000069 implements MigrationInterface {
  readonly name = 'TellTables1764000000069';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [onDdl("\n    perform pg_notify('lakeloop_table', root::oid::text);")]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [onDdl('')]);
  }
}
