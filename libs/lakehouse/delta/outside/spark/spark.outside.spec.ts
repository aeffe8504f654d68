import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import type { Lakehouse } from '../../../lakehouse.ts';
import { openDeltaLakehouse } from '../../delta-lakehouse.ts';
import { readVersion, sortKey } from '../canonical.ts';
import { type ExpectedVersion, ourManifest } from '../manifest.ts';
import { writeSampleTables } from '../sample-tables.ts';
import { runSpark, SPARK_MS, type SparkAnswer, type SparkRequests } from './run-spark.ts';
import { SPARK_TABLES } from './spark-tables.ts';

let root: string;
let lake: Lakehouse;
let expected: ExpectedVersion[];
let answers: SparkAnswer[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-spark-'));
  lake = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) });
  expected = await ourManifest(lake, root, await writeSampleTables(lake));
  const pathOf = (name: string): string => join(root, 'spark', name);
  answers = await spark({
    statements: SPARK_TABLES.flatMap(({ name, statements }) => statements(`delta.\`${pathOf(name)}\``)),
    read: [...expected.map(({ path, version }) => ({ path, version })), ...SPARK_TABLES.map(({ name }) => ({ path: pathOf(name) }))],
  });
}, SPARK_MS);
afterAll(async () => {
  await lake.close();
  await rm(root, { recursive: true });
});

const spark = (requests: SparkRequests): Promise<SparkAnswer[]> => runSpark(root, requests);

function sorted(rows: readonly unknown[][] = []): unknown[][] {
  return rows.toSorted((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
}

describe('Spark', () => {
  it('does all that it is asked for', () => {
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('reads every table that we write, at every version', () => {
    for (const { path, version, columns, rows } of expected) {
      const answer = answers.find((candidate) => candidate.path === path && candidate.version === version);
      expect({ path, version, error: answer?.error, columns: answer?.columns, rows: sorted(answer?.rows) }).toEqual({
        path,
        version,
        error: undefined,
        columns,
        rows: sorted(rows),
      });
    }
  });

  const readable = SPARK_TABLES.filter(({ unreadable }) => unreadable === undefined);
  it.each(readable)('writes $name, which we read at every version', async ({ name }) => {
    const theirs = answers.filter(({ path }) => path === join(root, 'spark', name));
    expect(theirs.length).toBeGreaterThan(1);
    for (const { version, columns, rows } of theirs) {
      const ours = await readVersion(lake, { schema: 'spark', name }, BigInt(version));
      expect({ version, columns: ours.columns, rows: sorted(ours.rows) }).toEqual({ version, columns, rows: sorted(rows) });
    }
  });

  it.each(SPARK_TABLES.filter(({ unreadable }) => unreadable !== undefined))('writes $name, which we refuse for $unreadable', async ({ name, unreadable }) => {
    const refusal: unknown = await lake.relation({ schema: 'spark', name }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ kind: 'unsupported', message: expect.stringContaining(unreadable ?? '') });
  });

  it.each(readable)('writes $name, to which we write unless for $unwritable', async ({ name, unwritable }) => {
    const table = { schema: 'spark', name };
    const write = lake.merge(table, { rows: [{ id: 1 }] }, { key: ['id'] });
    if (unwritable === undefined) expect(await write).toMatchObject({ applied: true });
    else expect(await write.catch((error: unknown) => error)).toMatchObject({ kind: 'unsupported', message: expect.stringContaining(unwritable) });
  });

  it(
    'reads what we wrote to its tables',
    async () => {
      const tables = readable.filter(({ unwritable }) => unwritable === undefined).map(({ name }) => ({ schema: 'spark', name }));
      for (const table of tables) await lake.compact(table);
      const again = await ourManifest(lake, root, tables, [], { newestOnly: true });
      const found = await spark({ statements: [], read: again.map(({ path, version }) => ({ path, version })) });
      for (const [index, { path, columns, rows }] of again.entries())
        expect({ path, columns: found[index]?.columns, rows: sorted(found[index]?.rows) }).toEqual({ path, columns, rows: sorted(rows) });
    },
    SPARK_MS,
  );
});
