import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { migrate, type Migration } from './migrate.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

class First1700000000001 implements MigrationInterface {
  name = 'First1700000000001';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table ours.first (id int)');
  }
  async down(): Promise<void> {}
}

class Broken1700000000002 implements MigrationInterface {
  name = 'Broken1700000000002';
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table ours.half (id int)');
    await runner.query('select 1 / 0');
  }
  async down(): Promise<void> {}
}

describe('migrations', () => {
  let database: TestDatabase;
  const run = (migrations: Migration[]): Promise<string[]> =>
    migrate({ connectionString: database.url, schema: 'ours', table: 'migration', migrations, logger });
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('are applied once, by whichever of several services booting together comes first', async () => {
    const applied = await Promise.all([run([First1700000000001]), run([First1700000000001]), run([First1700000000001])]);
    expect(applied.flat()).toEqual(['First1700000000001']);
  });

  it('are refused on a database that another version has made', async () => {
    await run([First1700000000001]);
    await expect(run([])).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('First1700000000001') });
  });

  it('leave nothing of one that fails, and keep the ones before it', async () => {
    await expect(run([First1700000000001, Broken1700000000002])).rejects.toThrow('division by zero');
    const { rows } = await database.client.query(`select to_regclass('ours.first') is not null as first, to_regclass('ours.half') is not null as half`);
    expect(rows).toEqual([{ first: true, half: false }]);
  });
});
