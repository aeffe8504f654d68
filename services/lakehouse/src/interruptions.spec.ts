import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { FeedState } from './ingest/partition-feed.ts';
import type { HistoryFeeds } from './ingest/history-feeds.ts';
import { type Change, HistoryHarness } from './testing/history-harness.ts';

let lake: HistoryHarness;
afterEach(() => lake.close());

const TYPES = { id: 'int4' };
const puts = (from: number, to: number): Change[] =>
  Array.from({ length: to - from }, (_, index) => ({ op: 'c' as const, after: `{"id":${from + index}}`, key: `{"id":${from + index}}` }));
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const stateOf = (feeds: HistoryFeeds): FeedState | undefined => feeds.tables[0]?.partitions[0]?.state;

describe('history', () => {
  it.each(['', 'public'])('waits for a lakehouse whose directory ./%s is away, says so, and misses nothing', async (place) => {
    lake = await HistoryHarness.create();
    const feeds = await lake.run(TYPES);
    await lake.append(puts(0, 10));
    await lake.settled(feeds);
    const [tables, away] = [join(lake.directory, 'lake', place), join(lake.directory, 'away')];
    await rename(tables, away);
    if (place !== '') await writeFile(tables, 'no directory');
    await lake.append(puts(10, 20));
    await lake.eventually(
      async () => stateOf(feeds)?.phase === 'retrying',
      () => inspect(stateOf(feeds)),
    );
    expect(stateOf(feeds)).toMatchObject({ detail: expect.stringContaining('can not be reached'), applied: 10n });
    await lake.append(puts(20, 30));
    await rm(tables, { force: true });
    await rename(away, tables);
    await lake.settled(feeds);
    expect(stateOf(feeds)?.phase).toBe('following');
    expect((await lake.history()).map(({ id }) => id)).toEqual(numbers(0, 30));
  });

  it('tells of records that retention took before they were applied, and goes on after them', async () => {
    lake = await HistoryHarness.create({ topics: { partitions: 1, retentionMs: 100 } });
    const feeds = await lake.run(TYPES);
    await lake.append(puts(0, 10));
    await lake.settled(feeds);
    await feeds.drain();
    await lake.append(puts(10, 25));
    await lake.eventually(async () => (await lake.log.bounds('test.public.t'))[0]?.earliest === 25n);
    const again = await lake.run(TYPES);
    // Nothing is there to tell whose topic it is before the next change.
    await lake.append(puts(25, 30));
    await lake.eventually(async () => stateOf(again)?.gap !== undefined);
    await lake.settled(again);
    expect(stateOf(again)).toMatchObject({ gap: 'offsets 10 to 24 were gone before they were applied', applied: 30n });
    expect((await lake.history()).map(({ id }) => id)).toEqual([...numbers(0, 10), ...numbers(25, 30)]);
  });

  it('is read to the end by those who read it while its files are merged and deleted', async () => {
    lake = await HistoryHarness.create();
    const feeds = await lake.run(TYPES, { flushRows: 1_000 });
    await lake.append(puts(0, 20_000));
    await lake.settled(feeds);
    const names = ['t_history', 't_base'].map((name) => ({ schema: 'public', name }));
    await lake.upkeep().run(0);
    const relations = await Promise.all(names.map((table) => lake.lakehouse.relation(table)));
    const { chunks } = await lake.lakehouse.query({ sql: relations.map(({ sql }) => `select id from ${sql}`).join(' union all ') });
    const reading = chunks[Symbol.asyncIterator]();
    const seen: unknown[] = [];
    seen.push(...((await reading.next()).value as unknown[][]).flat());
    expect(seen.length).toBeLessThan(40_000);

    await lake.append(puts(0, 5).map((change) => ({ ...change, op: 'u' as const })));
    await lake.settled(feeds);
    const upkeep = lake.upkeep('t', { retentionHours: 0 });
    await upkeep.run(2 * 3_600_000);
    for (const table of names) {
      await lake.lakehouse.compact(table);
      await lake.lakehouse.vacuum(table, { retentionHours: 0 });
    }
    for (let next = await reading.next(); !next.done; next = await reading.next()) seen.push(...(next.value as unknown[][]).flat());
    expect(seen).toHaveLength(40_000);
    expect(new Set(seen).size).toBe(20_000);
    for (const relation of relations) await relation.release();
    let deleted = 0;
    for (const table of names) deleted += (await lake.lakehouse.vacuum(table, { retentionHours: 0 })).deletedFiles;
    expect(deleted).toBeGreaterThan(0);
    expect(await lake.current()).toHaveLength(20_000);
  });
});
