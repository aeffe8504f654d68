import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Lsn, toLsn } from '#libs/pgoutput/lsn';
import type { Relation } from './relation.ts';
import { parseWatermark, Windows } from './windows.ts';

const at = (position: number): Lsn => toLsn(BigInt(position));
const relation = { signature: 'as read' } as Relation;
const rows = ['a', 'b', 'c'].map((key) => ({ key, identity: key, after: `{"k":"${key}"}`, parked: null }));
const chunk = { relation, rows, inProgress: new Set<number>() };
const TABLE = 7;

function opened(windows = new Windows(), inProgress: readonly number[] = []): { windows: Windows; outcome: Promise<unknown> } {
  const outcome = windows.expect('w', TABLE);
  windows.low('w', at(100));
  windows.deposit('w', { ...chunk, inProgress: new Set(inProgress) });
  return { windows, outcome };
}

describe('a window', () => {
  it('drops the rows that the stream changed within it, and only those', async () => {
    const { windows, outcome } = opened();
    windows.touch(TABLE, 'b');
    windows.touch(TABLE + 1, 'c');
    const published = windows.high('w');
    expect(published?.rows.map(({ key }) => key)).toEqual(['a', 'c']);
    published?.settle();
    expect(await outcome).toEqual({ kind: 'published', rows: 2, stale: 1 });
    expect(windows.active).toBe(false);
  });

  it('counts nothing before its low mark, and has no second high mark', () => {
    const windows = new Windows();
    void windows.expect('w', TABLE);
    windows.touch(TABLE, 'a');
    windows.low('w', at(100));
    windows.deposit('w', chunk);
    expect(windows.high('w')?.rows).toHaveLength(3);
    expect(windows.high('w')).toBeNull();
  });

  it.each<[string, (windows: Windows) => void, RegExp]>([
    ['a truncate', (windows) => windows.spoil(TABLE, 'the table was truncated'), /truncated/],
    ['another description of the table', (windows) => windows.describe(TABLE, 'another'), /changed/],
  ])('publishes nothing of a chunk that %s spoiled', async (_what, happen, reason) => {
    const { windows, outcome } = opened();
    happen(windows);
    expect(windows.high('w')).toBeNull();
    expect(await outcome).toEqual({ kind: 'spoiled', reason: expect.stringMatching(reason) });
  });

  it('stands when the table is described as it was read', () => {
    const { windows } = opened();
    windows.describe(TABLE, 'as read');
    expect(windows.high('w')).not.toBeNull();
  });

  it('is spoiled by a transaction that the stream saw commit before it and the reader did not see yet', async () => {
    const windows = new Windows();
    windows.committed(42, at(90));
    const { outcome } = opened(windows, [41, 42]);
    expect(windows.high('w')).toBeNull();
    expect(await outcome).toMatchObject({ kind: 'spoiled', reason: expect.stringContaining('42') });
  });

  it('minds no transaction that commits within it: its rows were dropped one by one', () => {
    const { windows } = opened(new Windows(), [42]);
    windows.committed(42, at(110));
    expect(windows.high('w')?.rows).toHaveLength(3);
  });

  it('remembers the latest commits when there were many', () => {
    const windows = new Windows();
    for (let xid = 1; xid <= 40_000; xid += 1) windows.committed(xid, at(50));
    opened(windows, [39_999]);
    expect(windows.high('w')).toBeNull();
  });

  it('whose low mark the session never saw is read again', async () => {
    const windows = new Windows();
    const outcome = windows.expect('w', TABLE);
    windows.deposit('w', chunk);
    expect(windows.high('w')).toBeNull();
    expect(await outcome).toMatchObject({ kind: 'spoiled' });
  });
});

describe('a watermark', () => {
  it('is read from what a message holds, or is none; nothing is thrown', () => {
    expect(parseWatermark(Buffer.from('{"id":"w","edge":"low"}'))).toEqual({ id: 'w', edge: 'low' });
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string()), (text) => [null, 'object'].includes(parseWatermark(Buffer.from(text)) && 'object')));
  });

  it('that nobody waits for means nothing: any role may emit one', () => {
    const windows = new Windows();
    windows.low('forged', at(1));
    expect(windows.active).toBe(false);
    expect(windows.high('forged')).toBeNull();
  });
});
