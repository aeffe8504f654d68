import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createPool } from '#libs/postgres/pool';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { CatalogueCache } from './catalogue-cache.ts';
import { findRelation } from './catalogue.ts';

describe('the catalogue cache', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let cache: CatalogueCache;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = createPool({ connectionString: database.url, name: 'test', max: 2 });
    // Time stands still: whatever is found below was not found because a second had passed.
    cache = new CatalogueCache({
      pool,
      connectionString: database.url,
      schemas: ['public'],
      clock: { now: () => 0 },
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    await cache.reload();
    await cache.refreshForUnknown('public', 'nothing');
  });
  afterAll(async () => {
    await cache.stop();
    await pool.end();
    await database.drop();
  });

  it('does not load again for a name that does not exist', async () => {
    const { version } = cache.current ?? {};
    expect(await cache.refreshForUnknown('public', 'nothing')).toBe(false);
    expect(await cache.refreshForUnknown('pg_catalog', 'pg_class')).toBe(false);
    expect(cache.current?.version).toBe(version);
  });

  it('finds a table and a column that were made a moment ago', async () => {
    await database.client.query('create table made (a int)');
    expect(await cache.refreshForUnknown('public', 'made')).toBe(true);
    await database.client.query('alter table made add column b int');
    expect(await cache.refreshForUnknown('public', 'made')).toBe(true);
    const made = cache.current && findRelation(cache.current, 'public', 'made');
    expect([...(made?.columns.keys() ?? [])]).toEqual(['a', 'b']);
  });
});
