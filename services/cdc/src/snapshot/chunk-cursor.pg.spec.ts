import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { ChunkCursor } from './chunk-cursor.ts';
import { loadTable } from './load-table.ts';

const MIB = 1 << 20;
let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** Sizes of what came at once, row by row, MiB; a row that was not read whole is null. */
async function read(rows: string, limits: { maxRowBytes: number; maxBytes: number }): Promise<(number | null)[][]> {
  const { client } = database;
  await client.query(`create table t (id int primary key, v text); alter table t alter v set storage external;
    insert into t select n, repeat('x', mib * ${MIB}) from unnest(array[${rows}]) with ordinality r (mib, n); create publication p for table t`);
  await client.query('begin isolation level repeatable read');
  const loaded = await loadTable(client, 'p', { schema: 'public', table: 't' });
  if (!loaded) throw new Error('not published');
  const cursor = await ChunkCursor.open({ client, table: loaded.table, where: null, bounds: { after: null, until: null }, ...limits });
  const groups: (number | null)[][] = [];
  let next = 1;
  while (!cursor.ended) {
    const found = await cursor.next(5_000);
    for (const { texts } of found) expect(texts[0]).toBe(String(next++));
    if (found.length > 0) groups.push(found.map(({ texts, trimmed }) => (trimmed ? null : (texts[1]?.length ?? 0) / MIB)));
  }
  await cursor.close();
  await client.query('commit');
  return groups;
}

it('reads no more rows at once than memory is meant for, and none over the limit', async () => {
  expect(await read('0, 0, 3, 3, 3, 9, 0, 0, 7, 40, 2, 50, 60', { maxRowBytes: 32 * MIB, maxBytes: 8 * MIB })).toEqual([
    [0, 0, 3, 3],
    [3],
    [9],
    [0, 0, 7],
    [null],
    [2],
    [null],
    [null],
  ]);
});

it('reads a table without large values by hundreds', async () => {
  const groups = await read(Array.from({ length: 600 }, () => 0).join(', '), { maxRowBytes: 32 * MIB, maxBytes: 8 * MIB });
  expect(groups.map(({ length }) => length)).toEqual([250, 250, 100]);
});

it('asks for the next rows while those before are dealt with, and for no more than are wanted', async () => {
  const { client } = database;
  await client.query(`create table t (id int primary key); insert into t select generate_series(1, 3000); create publication p for table t`);
  await client.query('begin isolation level repeatable read');
  const loaded = await loadTable(client, 'p', { schema: 'public', table: 't' });
  if (!loaded) throw new Error('not published');
  const limits = { maxRowBytes: MIB, maxBytes: MIB };
  const cursor = await ChunkCursor.open({ client, table: loaded.table, where: null, bounds: { after: null, until: null }, ...limits });
  const first = await cursor.next(600);
  const second = await cursor.next(600 - first.length);
  const third = await cursor.next(600 - first.length - second.length);
  expect([first, second, third].map((rows) => rows.map(({ texts }) => texts[0]))).toEqual([ids(1, 250), ids(251, 500), ids(501, 600)]);
  await cursor.next(300);
  // One more was asked for.
  await cursor.close();
  expect((await client.query<{ id: number }>('fetch 1 from chunk')).rows).toEqual([{ id: 901 }]);
  await client.query('commit');
});

function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_value, index) => String(from + index));
}
