import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { createPool } from './pool.ts';
import { transaction } from './transaction.ts';

describe('a transaction', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.client.query('create table t (id int primary key)');
    pool = createPool({ connectionString: database.url, name: 'test', max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('commits what its work did', async () => {
    await transaction(pool, (client) => client.query('insert into t values (1)'));
    expect((await pool.query('select count(*)::int as n from t')).rows).toEqual([{ n: 1 }]);
  });

  it('rolls back when its work rejects, and the connection serves the next', async () => {
    const failing = transaction(pool, async (client) => {
      await client.query('insert into t values (2)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await pool.query('select count(*)::int as n from t where id = 2')).rows).toEqual([{ n: 0 }]);
  });

  it('gives its connection up for good when the server cut it, and the pool heals', async () => {
    const cut = transaction(pool, (client) => client.query('select pg_terminate_backend(pg_backend_pid())'));
    await expect(cut).rejects.toThrow(/terminat/i);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
