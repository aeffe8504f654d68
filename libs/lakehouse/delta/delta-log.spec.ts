import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arm } from '#libs/runtime/failpoints';
import { createLogger } from '#libs/runtime/logger';
import type { Lakehouse } from '../lakehouse.ts';
import { openDeltaLakehouse } from './delta-lakehouse.ts';

const table = { schema: 's', name: 't' };
const logger = createLogger({ service: 'test', level: 'silent' });
let root: string;
let log: string;
let lake: Lakehouse;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-log-'));
  log = join(root, 's', 't', '_delta_log');
  lake = await openDeltaLakehouse({ root, logger });
});
afterEach(async () => {
  await lake.close();
  await rm(root, { recursive: true });
});

const name = (version: number, suffix = 'json'): string => join(log, `${String(version).padStart(20, '0')}.${suffix}`);

async function fill(commits: number, properties: Record<string, string> = {}): Promise<void> {
  await lake.ensureTable(table, { columns: [{ name: 'id', type: 'integer' }], properties });
  for (let id = 1; id <= commits; id += 1) await lake.append(table, { rows: [{ id }] });
}

/** What somebody sees who comes anew. */
async function anew<T>(look: (other: Lakehouse) => Promise<T>): Promise<T> {
  const other = await openDeltaLakehouse({ root, logger });
  try {
    return await look(other);
  } finally {
    await other.close();
  }
}

describe('the log', () => {
  it('with a hole is refused: what comes after it is not known', async () => {
    await fill(5);
    await rm(name(3));
    await expect(anew((other) => other.describe(table))).rejects.toMatchObject({ kind: 'position-lost' });
  });

  it('that begins nowhere is refused, and not taken for no table', async () => {
    await fill(3);
    await rm(name(0));
    await expect(anew((other) => other.describe(table))).rejects.toMatchObject({ kind: 'position-lost' });
    await expect(anew((other) => other.ensureTable(table, { columns: [] }))).rejects.toMatchObject({ kind: 'position-lost' });
  });

  it('that is cleaned between the look at it and its reading is looked at anew', async () => {
    await fill(4, { 'delta.checkpointInterval': '3', 'delta.logRetentionDuration': 'interval 0 days' });
    let cleaned = false;
    const disarm = arm('delta.log-listed', async () => {
      disarm();
      for (const id of [5, 6, 7]) await lake.append(table, { rows: [{ id }] });
      cleaned = !(await readdir(log)).includes('00000000000000000003.checkpoint.parquet');
    });
    expect((await anew((other) => other.describe(table)))?.version).toBe(7n);
    expect(cleaned).toBe(true);
  });

  it('with a line that is no JSON is refused by its version', async () => {
    await fill(2);
    await writeFile(name(2), (await readFile(name(2), 'utf8')).slice(0, -20));
    await expect(anew((other) => other.describe(table))).rejects.toMatchObject({ kind: 'protocol-violation', message: expect.stringContaining('version 2') });
  });

  it('is read past a damaged checkpoint, and past files that nobody finished', async () => {
    await fill(12);
    await writeFile(name(10, 'checkpoint.parquet'), 'PAR1 no more');
    await writeFile(join(log, '..', 'part-half.parquet'), 'PAR1');
    await writeFile(join(log, '.0b1c9f7e-0000-4000-8000-000000000000.tmp'), '{"add":');
    expect(await anew((other) => other.describe(table))).toMatchObject({ version: 12n, rows: 12n });
  });

  it('has a checkpoint every ten commits, or as often as the table says', async () => {
    await fill(11);
    expect((await readdir(log)).filter((file) => file.includes('checkpoint.parquet'))).toEqual([`${'10'.padStart(20, '0')}.checkpoint.parquet`]);
    await lake.drop(table);
    await fill(4, { 'delta.checkpointInterval': '2' });
    expect((await readdir(log)).filter((file) => file.includes('checkpoint.parquet'))).toHaveLength(2);
  });

  it('loses what is older than its retention, and no version that is younger', async () => {
    await fill(25, { 'delta.logRetentionDuration': 'interval 2 days' });
    const old = Date.now() / 1_000 - 3 * 86_400;
    for (let version = 0; version <= 15; version += 1) await utimes(name(version), old, old);
    for (let id = 26; id <= 30; id += 1) await lake.append(table, { rows: [{ id }] });
    const kept = (await readdir(log)).filter((file) => /^\d{20}\.json$/.test(file)).toSorted();
    expect([kept[0], kept.length]).toEqual([`${'10'.padStart(20, '0')}.json`, 21]);
    expect(await anew((other) => other.describe(table, { version: 10n }))).toMatchObject({ rows: 10n });
    await expect(anew((other) => other.describe(table, { version: 9n }))).rejects.toMatchObject({ kind: 'position-lost' });
    expect(await anew((other) => other.describe(table))).toMatchObject({ version: 30n, rows: 30n });
  });

  it('still names versions whose files are vacuumed: they are refused, not read in part', async () => {
    await fill(3);
    await lake.compact(table);
    await lake.vacuum(table, { retentionHours: 0 });
    await expect(lake.relation(table, { version: 2n })).rejects.toMatchObject({ kind: 'position-lost' });
    await expect(lake.changes(table, 1n, 4n)).rejects.toMatchObject({ kind: 'position-lost' });
  });

  it('of a new table is refused properties that need what is not built', async () => {
    for (const [property, value, feature] of [
      ['delta.enableDeletionVectors', 'true', 'deletionVectors'],
      ['delta.columnMapping.mode', 'name', 'columnMapping'],
      ['delta.constraints.positive', 'id > 0', 'checkConstraints'],
      ['delta.feature.rowTracking', 'supported', 'rowTracking'],
    ] as const)
      await expect(fill(0, { [property]: value })).rejects.toMatchObject({ kind: 'unsupported', message: expect.stringContaining(feature) });
    expect(await lake.describe(table)).toBeUndefined();
  });
});

describe('a query', () => {
  it('reaches no file beside the tables, changes nothing, and is one statement', async () => {
    for (const sql of [
      `select * from read_text('/etc/hostname')`,
      'create table x (id int)',
      `copy (select 1) to '${root}/x.csv'`,
      'set threads = 1',
      'select 1; select 2',
      `attach '${root}/x.db'`,
    ])
      await expect(lake.query({ sql })).rejects.toMatchObject({ kind: 'invalid-input' });
    expect(await readdir(root)).not.toContain('x.csv');
  });
});
