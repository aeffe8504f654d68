import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import type { LakeTable, Lakehouse } from '../lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';
import { openDeltaLakehouse } from './delta-lakehouse.ts';

let root: string;
let lake: Lakehouse;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-clusters-'));
  lake = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) });
});
afterAll(async () => {
  await lake.close();
  await rm(root, { recursive: true });
});

const COLUMNS: readonly LakeColumn[] = [
  { name: 'id', type: 'integer' },
  { name: 'part', type: 'string' },
  { name: 'team', type: 'string' },
  { name: 'n', type: 'integer' },
];
const WRITE = { key: ['id', 'part'], deleted: 'gone' } as const;
type Row = { id: number; part: string | null; team: string | null; n: number };

let made = 0;
async function table(rows: number, by = 'team', parts: LakeColumn['type'] = 'string'): Promise<LakeTable> {
  made += 1;
  const name = { schema: 'clusters', name: `t${made}` };
  const properties: Record<string, string> = rows > 0 ? { 'lakeloop.clusterBy': by, 'lakeloop.clusterRows': String(rows) } : {};
  await lake.ensureTable(name, {
    columns: COLUMNS.map((column) => (column.name === 'part' ? { name: 'part', type: parts } : column)),
    partitionBy: ['part'],
    properties,
  });
  return name;
}

/** 2 partitions of 100 teams of 20 rows. */
const rows: Row[] = Array.from({ length: 4_000 }, (_, id) => ({ id, part: id % 2 === 0 ? 'even' : 'odd', team: `team ${id % 200}`, n: 0 }));

async function read(name: LakeTable): Promise<unknown[]> {
  const relation = await lake.relation(name);
  const found: unknown[] = [];
  try {
    for await (const chunk of (await lake.query({ sql: `select id, part, team, n from ${relation.sql}` })).chunks) found.push(...chunk);
  } finally {
    await relation.release();
  }
  return found.map((row) => JSON.stringify(row)).sort();
}

/** Files of the newest version that the one before did not have, and the other way round. */
async function rewritten(name: LakeTable): Promise<{ fresh: number; gone: number }> {
  const version = (await lake.describe(name))?.version ?? 0n;
  const files = async (at: bigint): Promise<string[]> => (await lake.relation(name, { version: at })).sql.match(/part-[\w-]+\.parquet/g) ?? [];
  const [before, after] = [await files(version - 1n), await files(version)];
  return { fresh: after.filter((file) => !before.includes(file)).length, gone: before.filter((file) => !after.includes(file)).length };
}

describe('a clustered table', () => {
  it('has a file for each cluster of a partition, and a merge rewrites those of the clusters it touches', async () => {
    const name = await table(250);
    await lake.merge(name, { rows }, WRITE);
    expect((await lake.describe(name))?.files).toBe(16);
    await lake.merge(name, { rows: rows.filter(({ team }) => team === 'team 7').map((row) => ({ ...row, n: 1 })) }, WRITE);
    expect(await rewritten(name)).toEqual({ fresh: 1, gone: 1 });
    await lake.merge(name, { rows: rows.filter(({ team }) => team === 'team 7').map((row) => ({ ...row, gone: true })) }, WRITE);
    expect(await rewritten(name)).toEqual({ fresh: 1, gone: 1 });
    expect(await read(name)).toHaveLength(3_980);
  });

  it('takes a row along that moves to another cluster: it is there once', async () => {
    const name = await table(250);
    await lake.merge(name, { rows }, WRITE);
    await lake.merge(name, { rows: [{ id: 7, part: 'odd', team: 'another', n: 2 }] }, WRITE);
    const found = await read(name);
    expect(found).toHaveLength(4_000);
    expect(found.filter((row) => String(row).startsWith('[7,'))).toEqual(['[7,"odd","another",2]']);
  });

  it('gets more files as it grows, and none beside its rows', async () => {
    const name = await table(250);
    await lake.append(name, { rows: rows.slice(0, 400) });
    expect((await lake.describe(name))?.files).toBe(2);
    await lake.replace(name, { rows });
    expect((await lake.describe(name))?.files).toBe(16);
    expect(await readdir(join(root, '.tmp'), { recursive: true })).not.toContainEqual(expect.stringContaining('clusters-'));
    await lake.compact(name);
    expect((await lake.describe(name))?.files).toBe(2);
    expect(await read(name)).toHaveLength(4_000);
  });

  it('may be partitioned by what the log can write in more ways than one', async () => {
    const [timed, later] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00.5Z'];
    const name = await table(250, 'team', 'timestamp');
    const dated = rows.map((row) => ({ ...row, part: row.part === 'odd' ? timed : later }));
    await lake.merge(name, { rows: dated }, WRITE);
    await lake.merge(name, { rows: dated.slice(0, 2).map((row) => ({ ...row, n: 3 })) }, WRITE);
    expect(await rewritten(name)).toEqual({ fresh: 2, gone: 2 });
    expect(await read(name)).toHaveLength(4_000);
  });

  it('has the same rows as one that is not, whatever is merged', async () => {
    const row = fc.record({
      id: fc.integer({ min: 0, max: 30 }),
      part: fc.constantFrom('a', 'b/=c', null, ''),
      team: fc.constantFrom('x', 'y', 'z', '', null),
      n: fc.integer({ min: 0, max: 9 }),
      gone: fc.boolean(),
    });
    const batch = fc.uniqueArray(row, { maxLength: 20, selector: ({ id, part }) => `${id}|${part === '' ? null : part}` });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
        const [clustered, plain] = [await table(2), await table(0)];
        for (const each of batches) for (const name of [clustered, plain]) await lake.merge(name, { rows: each }, WRITE);
        expect(await read(clustered)).toEqual(await read(plain));
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('can not be made with a column that its files lack, or no number of rows', async () => {
    await expect(table(10, 'part')).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('part') });
    await expect(table(10, 'nobody')).rejects.toMatchObject({ kind: 'misconfigured' });
    await expect(table(0.5)).rejects.toMatchObject({ kind: 'misconfigured' });
  });
});
