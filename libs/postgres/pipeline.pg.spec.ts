import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { pipeline } from './pipeline.ts';
import { createPool } from './pool.ts';

describe('a pipeline', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.client.query('create table t (id int primary key, parent int references t deferrable initially deferred)');
    pool = createPool({ connectionString: database.url, name: 'test', max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  const count = async (): Promise<string | null | undefined> => (await pipeline(pool, [{ text: 'select count(*) from t', values: [] }]))[0]?.[0]?.[0];

  it('gives the rows of each statement, as text, null as null', async () => {
    const steps = [
      { name: 'p1', text: 'select $1::int + 1, null, $2::text', values: ['41', 'ü "quoted"'] },
      { text: 'select n from generate_series(1, 3) n', values: [] },
      { name: 'p1', text: 'select $1::int + 1, null, $2::text', values: ['1', null] },
    ];
    const expected = [[['42', null, 'ü "quoted"']], [['1'], ['2'], ['3']], [['2', null, null]]];
    expect(await pipeline(pool, steps.slice(0, 2))).toEqual(expected.slice(0, 2));
    expect(await pipeline(pool, steps.slice(1))).toEqual(expected.slice(1));
  });

  it('is one transaction: local settings last to its end and no longer, and a failure leaves nothing', async () => {
    const insert = { name: 'ins', text: 'insert into t values ($1)', values: ['1'] };
    const failing = pipeline(pool, [insert, { text: 'select 1 / 0', values: [] }, { text: `insert into t values (2)`, values: [] }]);
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(await count()).toBe('0');
    const [, local] = await pipeline(pool, [
      { text: `select set_config('app.x', 'here', true)`, values: [] },
      { text: `select current_setting('app.x', true)`, values: [] },
      insert,
    ]);
    expect(local).toEqual([['here']]);
    expect(await pipeline(pool, [{ text: `select coalesce(current_setting('app.x', true), '')`, values: [] }])).toEqual([[['']]]);
    expect(await count()).toBe('1');
  });

  it('reports what fails only at the commit', async () => {
    await expect(pipeline(pool, [{ text: 'insert into t values (5, 99)', values: [] }])).rejects.toMatchObject({ code: '23503' });
    expect(await count()).toBe('1');
  });

  it('prepares a statement again whose first run failed after it was parsed, and one that the session has forgotten', async () => {
    const step = (value: string) => ({ name: 'again', text: 'select 10 / $1::int', values: [value] });
    await expect(pipeline(pool, [step('0')])).rejects.toMatchObject({ code: '22012' });
    expect(await pipeline(pool, [step('5')])).toEqual([[['2']]]);
    await pool.query('deallocate all');
    expect(await pipeline(pool, [step('2')])).toEqual([[['5']]]);
  });

  it('goes on with a new connection after the server cut one', async () => {
    await expect(pipeline(pool, [{ text: 'select pg_terminate_backend(pg_backend_pid())', values: [] }])).rejects.toThrow(/terminat/i);
    expect(await count()).toBe('1');
  });

  it('serves many at once on few connections', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => pipeline(pool, [{ name: 'n', text: 'select $1::text', values: [String(n)] }])));
    expect(answers.map((rows) => rows[0]?.[0]?.[0])).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
  });
});
