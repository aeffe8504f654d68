import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '#libs/runtime/logger';
import { runPython } from '#libs/testing/python';
import type { Lakehouse } from '../../lakehouse.ts';
import { openDeltaLakehouse } from '../delta-lakehouse.ts';
import { readVersion, type TableVersion } from './canonical.ts';
import { ourManifest } from './manifest.ts';
import { writeSampleTables } from './sample-tables.ts';

const HERE = 'libs/lakehouse/delta/outside';
let root: string;
let lake: Lakehouse;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-deltalake-'));
  lake = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) });
});
afterAll(async () => {
  await lake.close();
  await rm(root, { recursive: true });
});

describe('deltalake', () => {
  it('reads every table that we write, at every version, and skips no file wrongly', async () => {
    const manifest = await ourManifest(lake, root, await writeSampleTables(lake));
    const path = join(root, 'manifest.json');
    await writeFile(path, JSON.stringify(manifest));
    const { checked, differences } = JSON.parse(await runPython(`${HERE}/read_tables.py`, [path])) as { checked: number; differences: string[] };
    expect(differences).toEqual([]);
    expect(checked).toBe(manifest.length);
  });

  it('writes tables that we read, at every version', async () => {
    const path = join(root, 'theirs.json');
    await runPython(`${HERE}/write_tables.py`, [root, path]);
    const theirs = JSON.parse(await readFile(path, 'utf8')) as Omit<TableVersion, 'partitionBy'>[];
    expect(theirs.length).toBeGreaterThan(25);
    for (const expected of theirs) {
      const { name, version, columns, rows } = await readVersion(lake, { schema: 'theirs', name: expected.name }, BigInt(expected.version));
      expect({ name, version, columns, rows }).toEqual(expected);
    }
  });

  it('writes tables that we write to as well', async () => {
    const table = { schema: 'theirs', name: 'parted' };
    const before = await lake.describe(table);
    await lake.append(table, { rows: [{ id: 500n, part: 'ours', dt: '2024-01-01' }] });
    await lake.merge(table, { rows: [{ id: 1n, part: 'merged' }] }, { key: ['id'] });
    await lake.compact(table);
    const path = join(root, 'again.json');
    await writeFile(path, JSON.stringify((await ourManifest(lake, root, [table])).slice(Number(before?.version ?? 0n))));
    expect(JSON.parse(await runPython(`${HERE}/read_tables.py`, [path]))).toMatchObject({ differences: [] });
  });
});
