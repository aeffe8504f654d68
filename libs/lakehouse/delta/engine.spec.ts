import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, type Run } from './engine.ts';

let directory: string;
let engine: Engine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-engine-'));
  engine = await Engine.open({ temporaryDirectory: directory });
});
afterAll(async () => {
  engine.close();
  await rm(directory, { recursive: true, force: true });
});

/** How many rows came before the end. */
async function count(sql: string, options: Run = {}): Promise<number> {
  return engine.session(async (session) => {
    const result = await session.select(sql, options);
    let rows = 0;
    for (;;) {
      const fetched = await session.fetch(result, options);
      if (!fetched) return rows;
      rows += fetched.rowCount;
    }
  });
}

describe('a streamed result', () => {
  it.each([
    ['select i from range(200000) r(i)', 200_000],
    ['select 1 as a where false', 0],
    ['values (1), (2)', 2],
    ['with x as (select 1 as a, 2 as a) select * from x, x y; ', 1],
    ['select i from range(5) r(i) -- with a remark', 5],
  ])('has its rows and its end: %s', async (sql, rows) => {
    expect(await count(sql)).toBe(rows);
  });

  it('keeps the order of the query', async () => {
    const ids = await engine.session(async (session) => {
      const result = await session.select('select i from range(50000) r(i) order by i desc');
      const found: unknown[] = [];
      for (let fetched = await session.fetch(result, {}); fetched; fetched = await session.fetch(result, {}))
        found.push(...fetched.chunk.getColumnValues(0).slice(0, fetched.rowCount));
      return found;
    });
    expect(ids).toEqual(Array.from({ length: 50_000 }, (_, index) => BigInt(49_999 - index)));
  });

  it('that fails in the middle is no whole one', async () => {
    await expect(count(`select case when i < 150000 then i else cast('x' || i as integer) end from range(200000) r(i)`)).rejects.toMatchObject({
      kind: expect.stringMatching(/^(dependency-unavailable|invalid-input)$/),
    });
  });

  it('that is stopped in the middle is no whole one', async () => {
    const controller = new AbortController();
    await engine.session(async (session) => {
      const result = await session.select('select i from range(100000000) r(i)', { signal: controller.signal });
      await session.fetch(result, { signal: controller.signal });
      controller.abort();
      await expect(session.fetch(result, { signal: controller.signal })).rejects.toThrow(/abort/);
    });
  });

  it('is of one statement that reads', async () => {
    for (const sql of ['select 1; select 2', 'create table t (a int)', 'select 1) q; select (2'])
      await expect(count(sql)).rejects.toMatchObject({ kind: 'invalid-input' });
  });
});
