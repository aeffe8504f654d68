import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLogger } from '#libs/runtime/logger';
import { runPython } from '#libs/testing/python';
import { rowsOf } from '../../conformance/rows.conformance.ts';
import type { LakeColumn } from '../../lake-type.ts';
import type { Lakehouse } from '../../lakehouse.ts';
import { openDeltaLakehouse } from '../delta-lakehouse.ts';
import { ourManifest } from './manifest.ts';

const CHILD = 'libs/lakehouse/delta/outside/crash-child.ts';
const table = { schema: 'crash', name: 't' };
const COLUMNS: LakeColumn[] = [
  { name: 'id', type: 'integer' },
  { name: 'part', type: 'string' },
];
let root: string;
let lake: Lakehouse;
const open = (): Promise<Lakehouse> => openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }) });
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lakeloop-crash-'));
  lake = await open();
  await lake.ensureTable(table, {
    columns: COLUMNS,
    // Everything that upkeep does happens often, and log cleanup whenever it can.
    properties: { 'delta.checkpointInterval': '3', 'delta.logRetentionDuration': 'interval 0 days' },
  });
});
afterEach(async () => {
  await lake.close();
  await rm(root, { recursive: true });
});

/** What a child acknowledged before it ended. */
async function child(...args: string[]): Promise<{ lines: string[]; signal: string | null; error: string }> {
  const running = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, root, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  running.once('close', (_code, signal) => resolve(signal));
  const [out, error, signal] = await Promise.all([text(running.stdout), text(running.stderr), promise]);
  return { lines: out.split('\n').filter((line) => line !== ''), signal, error };
}

async function ids(reader: Lakehouse): Promise<number[]> {
  const relation = await reader.relation(table);
  const rows = await rowsOf(await reader.query({ sql: `select id from ${relation.sql} r order by id` }));
  await relation.release();
  return rows.map(([id]) => Number(id));
}

async function deltalakeAgrees(): Promise<void> {
  const manifest = (await ourManifest(lake, root, [table], [], { newestOnly: true })).map((version) => ({ ...version }));
  const path = join(root, 'manifest.json');
  await writeFile(path, JSON.stringify(manifest));
  expect(JSON.parse(await runPython('libs/lakehouse/delta/outside/read_tables.py', [path]))).toEqual({ checked: 1, differences: [] });
}

const FAILPOINTS = [
  'delta.file-written',
  'delta.after-files',
  'delta.before-commit',
  'delta.log-written',
  'delta.log-linked',
  'delta.after-commit',
  'delta.checkpoint-staged',
  'delta.checkpoint-written',
  'delta.log-cleaned',
  'delta.vacuuming',
];

describe('a process killed', () => {
  // Each at another hit, so that more or less has happened before.
  it.each(FAILPOINTS.map((name, index) => [name, 1 + (index % 4)] as const))(
    'at %s leaves the old version or the new one, which the next goes on from',
    async (failpoint, hit) => {
      let acknowledged = -1;
      for (const again of [false, true].slice(0, Number(process.env['LAKELOOP_FAULT_KILLS'] ?? '1'))) {
        const { lines, signal, error } = await child(failpoint, String(again ? hit + 3 : hit), String(acknowledged + 1));
        expect({ signal, error }).toEqual({ signal: 'SIGKILL', error: '' });
        acknowledged = Math.max(acknowledged, ...lines.map((line) => Number(line.split(' ')[1])));
        const found = await ids(lake);
        // Each once, in full; at most the one that was on its way besides.
        expect(found).toEqual(Array.from(found, (_, index) => index));
        expect([acknowledged + 1, acknowledged + 2]).toContain(found.length);
        const other = await open();
        expect(await ids(other)).toEqual(found);
        await other.close();
      }
      await deltalakeAgrees();
    },
  );
});

describe('several processes that write to one table', () => {
  it('lose none of their rows', async () => {
    // A log that is cleaned at once forgets versions that a write under way still counts on (docs/lakehouse.md): several writers keep it.
    await lake.drop(table);
    await lake.ensureTable(table, { columns: COLUMNS, properties: { 'delta.checkpointInterval': '3' } });
    const children = await Promise.all([1, 2, 3].map((id) => child('writers', String(id), '12')));
    expect(children.map(({ error }) => error)).toEqual(['', '', '']);
    const acknowledged = children.flatMap(({ lines }) => lines.map(Number)).toSorted((left, right) => left - right);
    expect(acknowledged).toHaveLength(36);
    expect(await ids(lake)).toEqual(acknowledged);
    await deltalakeAgrees();
  });
});
