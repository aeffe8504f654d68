import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { installGovernance } from '#libs/governance/install';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse, LakeTable } from '#libs/lakehouse/lakehouse';
import { createPool } from '#libs/postgres/pool';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import type { MirrorDefinition } from '../mirror/mirror.ts';
import { Mirrors } from '../mirror/mirrors.ts';

export const silentLogger = createLogger({ service: 'test', level: 'silent' });

/** A governed database, a lakehouse of Delta files, and mirrors between them. */
export interface MirrorHarness {
  database: TestDatabase;
  lakehouse: Lakehouse;
  /** Of lakeloop_lakehouse. */
  pool: pg.Pool;
  mirrors: Mirrors;
  /** Makes a mirror of `source` into `app.<name>`; refreshed when asked. */
  mirror(source: LakeTable, definition?: Partial<MirrorDefinition>): Promise<number>;
  /** Rows of a SQL query, as the superuser. */
  rows(sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function mirrorHarness(): Promise<MirrorHarness> {
  const root = await mkdtemp(join(tmpdir(), 'lakeloop-mirror-'));
  const lakehouse = await openDeltaLakehouse({ root, logger: silentLogger, memoryLimit: '256MB' });
  const database = await createTestDatabase();
  await installGovernance({ adminUrl: database.url, logger: silentLogger, logins: { lakehouse: 'test', write: 'test' } });
  const pool = createPool({ connectionString: database.urlAs('lakeloop_lakehouse', 'test'), name: 'test', max: 4 });
  const admin = createPool({ connectionString: database.url, name: 'test-admin', max: 2 });
  const mirrors = new Mirrors({ lakehouse, pool, admin, logger: silentLogger, pollMs: 20 });
  return {
    database,
    lakehouse,
    pool,
    mirrors,
    mirror: async (source, definition = {}) => {
      const full = { source, target: { schema: 'app', name: source.name }, mode: 'incremental', key: ['id'], everyMs: null, ...definition } as const;
      return (await mirrors.create(full)).id;
    },
    rows: async (sql) => (await database.client.query<Record<string, unknown>>(sql)).rows,
    stop: async () => {
      await mirrors.drain();
      await mirrors.stop();
      await pool.end();
      await database.drop();
      await lakehouse.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
