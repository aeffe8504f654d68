import { describe, expect, it } from '@jest/globals';
import type { StreamedChange } from '#contracts/http/change-stream';
import { formatEventId } from '#contracts/topics/event-id';
import { PassingChanges } from './passing-changes.ts';

interface Row {
  id: number;
  name?: string;
}
const change = (op: StreamedChange['op'], lsn: number, row: Row | null, key: number | null = row?.id ?? 1): StreamedChange => ({
  op,
  key: key === null ? null : { id: key },
  after: op === 'd' || op === 't' ? null : (row as never),
  id: formatEventId({ systemId: '1', timeline: 1, commitLsn: BigInt(lsn), ordinal: 0 }),
  ts_ms: lsn,
  actor: 'ada',
});

describe('passing changes', () => {
  it('are told as they come, also of rows that were never seen, and held nowhere', () => {
    const passing = new PassingChanges<Row>();
    expect(passing.apply(change('u', 10, { id: 1, name: 'b' }))).toMatchObject({
      op: 'u',
      key: { id: 1 },
      after: { name: 'b' },
      before: undefined,
      actor: 'ada',
    });
    expect(passing.apply(change('d', 11, null, 7))).toMatchObject({ op: 'd', key: { id: 7 }, after: null });
    expect(passing.apply(change('t', 12, null, null))).toMatchObject({ op: 't', key: null });
    expect(passing.rows.size).toBe(0);
  });

  it('are told once, and never after a newer one of their key', () => {
    const passing = new PassingChanges<Row>();
    passing.apply(change('u', 12, { id: 1 }));
    expect(passing.apply(change('u', 12, { id: 1 }))).toBeUndefined();
    expect(passing.apply(change('d', 11, null, 1))).toBeUndefined();
    expect(passing.apply(change('d', 13, null, 1))).toMatchObject({ op: 'd' });
  });

  it('begin anew after a gap, for nothing tells what a newer one is then', () => {
    const passing = new PassingChanges<Row>();
    passing.apply(change('u', 12, { id: 1 }));
    expect(passing.replace()).toEqual([]);
    expect(passing.apply(change('u', 11, { id: 1 }))).toMatchObject({ op: 'u' });
  });
});
