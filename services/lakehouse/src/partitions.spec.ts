import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Change, HistoryHarness } from './testing/history-harness.ts';

let lake: HistoryHarness;
beforeEach(async () => {
  lake = await HistoryHarness.create({ topics: { partitions: 3, retentionMs: null } });
});
afterEach(() => lake.close());

const TYPES = { id: 'int4', n: 'int4' };
const put = (op: 'c' | 'u', id: number, n: number): Change => ({ op, after: `{"id":${id},"n":${n}}`, key: `{"id":${id}}` });
const ids = (rows: readonly { id?: unknown }[]): unknown[] => rows.map(({ id }) => id);
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const stored = (name: string, what: string): Promise<{ id?: unknown }[]> =>
  lake.lakehouse.relation({ schema: 'public', name }).then(async ({ sql, release }) => {
    const rows = await lake.query(`select ${what} from ${sql} order by all`);
    await release();
    return rows;
  });

describe('a topic of several partitions', () => {
  it('comes in whole, each partition in its order, and goes on where each was', async () => {
    await lake.append(numbers(0, 90).map((id) => put('c', id, 0)));
    const first = await lake.run(TYPES, { flushRows: 7 });
    await lake.settled(first);
    await first.drain();
    await lake.append(numbers(0, 90).map((id) => put('u', id, id)));
    const second = await lake.run(TYPES, { flushRows: 7 });
    await lake.settled(second);
    expect(await stored('t_history', 'distinct _partition as id')).toHaveLength(3);
    expect(await stored('t_history', 'distinct id, _change_type')).toHaveLength(180);
    expect(await stored('t_history', 'distinct _partition, _offset')).toHaveLength(180);
    expect(await lake.current()).toEqual(numbers(0, 90).map((id) => ({ id, n: id })));
    expect(await lake.upkeep('t', { sliceChanges: 25n }).run(0, 3)).toBeGreaterThanOrEqual(8);
    expect(await lake.current()).toEqual(numbers(0, 90).map((id) => ({ id, n: id })));
    expect(ids(await stored('t_base', 'id'))).toEqual(numbers(0, 90));
  });

  it('is emptied by a truncate of one partition, also of earlier rows that are merged later', async () => {
    const feeds = await lake.run(TYPES);
    await lake.append([...numbers(0, 60).map((id) => put('c', id, 0)), { op: 't' }, ...numbers(60, 90).map((id) => put('c', id, 1))]);
    await lake.settled(feeds);
    expect(ids(await lake.current())).toEqual(numbers(60, 90));
    // A slice a partition: the partition of the truncate is in the base before those of most rows that it ended.
    await lake.upkeep().run(0, 3);
    expect(ids(await stored('t_base', 'id'))).toEqual(numbers(60, 90));
    expect(ids(await lake.current())).toEqual(numbers(60, 90));
    await lake.append([put('u', 61, 5), { op: 't' }, put('c', 61, 6)]);
    await lake.settled(feeds);
    await lake.upkeep('t', { sliceChanges: 1n }).run(0, 3);
    expect(await stored('t_base', 'id, n')).toEqual([{ id: 61, n: 6 }]);
    expect(await lake.current()).toEqual([{ id: 61, n: 6 }]);
  });
});
