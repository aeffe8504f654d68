import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { describeChangeLog } from '../change-log.conformance.ts';
import type { ChangeLog } from '../change-log.ts';
import { all, Collector, numbered, record, unique, values } from '../conformance/harness.ts';
import { SqliteChangeLog } from './sqlite-change-log.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const directories: string[] = [];
async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-log-'));
  directories.push(directory);
  return directory;
}
afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

let shared: SqliteChangeLog;
/** Housekeeping runs by itself: looks until it has done what is waited for. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}
describeChangeLog('SQLite', {
  start: async () => (shared = await SqliteChangeLog.open({ directory: await newDirectory(), logger, retentionCheckMs: 20 })),
  another: async (): Promise<ChangeLog> => shared,
  expire: (topic) => until(async () => (await shared.bounds(topic)).every(({ earliest, next }) => earliest === next)),
  compact: (topic, keys) => until(async () => (await all(shared.read(topic, 0, 0n))).length === keys),
  stop: () => shared.close(),
});

describe('the SQLite change log', () => {
  let directory: string;
  let log: SqliteChangeLog;
  const open = (): Promise<SqliteChangeLog> => SqliteChangeLog.open({ directory, logger });
  beforeEach(async () => {
    directory = await newDirectory();
    log = await open();
  });
  afterEach(() => log.close());

  it('keeps records, offsets, topics, epochs and its generation over a restart', async () => {
    const topic = unique('t');
    await log.ensureTopic(topic, { partitions: 2, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer('leader');
    await producer.append(numbered(topic, 30, 5));
    const generation = log.generation();
    const collector = new Collector();
    await log.subscribe(collector.options([topic], { group: 'g' }));
    await collector.count(30);
    await log.close();
    log = await open();
    expect(log.generation()).toBe(generation);
    expect((await log.committed('g', topic)).reduce<bigint>((sum, next) => sum + (next ?? 0n), 0n)).toBe(30n);
    const again = await log.openProducer('leader');
    await again.append(numbered(topic, 10, 5, 30));
    expect((await log.bounds(topic)).reduce((sum, { next }) => sum + next, 0n)).toBe(40n);
  });

  it('refuses a second instance on the same data, and lets one in once the first is gone', async () => {
    await expect(open()).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('another instance is running on this data') });
    await log.close();
    log = await open();
    await expect(log.ping()).resolves.toBeUndefined();
  });

  it('says what is wrong with a directory it cannot use', async () => {
    await expect(SqliteChangeLog.open({ directory: '/dev/null/log', logger })).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('/dev/null/log'),
    });
  });

  it('rejects what is asked of it once closed', async () => {
    await log.close();
    await expect(log.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
  });

  it('has every acknowledged record after kill -9, and is free to be opened at once', async () => {
    const victim = join(await newDirectory(), 'log');
    const child = fork(new URL('./fixtures/append-until-killed.ts', import.meta.url), [victim], { execArgv: [] });
    let acknowledged = -1;
    child.on('message', (n) => {
      acknowledged = Number(n);
      if (acknowledged === 300) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const recovered = await SqliteChangeLog.open({ directory: victim, logger });
    const found = values(await all(recovered.read('t', 0, 0n)));
    await recovered.close();
    expect(found.length).toBeGreaterThan(acknowledged);
    expect(found).toEqual(found.map((_, i) => String(i)));
  });

  it('delivers from disk what no longer fits in memory, without gap or double', async () => {
    const topic = unique('t');
    await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer('p');
    const big = 'x'.repeat(100_000);
    for (let i = 0; i < 45; i += 1) await producer.append(Array.from({ length: 10 }, (_, n) => record(topic, 'k', `${i * 10 + n} ${big}`)));
    const collector = new Collector();
    await log.subscribe(collector.options([topic]));
    await collector.count(450);
    expect(values(collector.records).map((value) => Number(value?.split(' ')[0]))).toEqual(Array.from({ length: 450 }, (_, i) => i));
  });
});
