import { describe, expect, it } from '@jest/globals';
import type { StreamedChange } from '#contracts/http/change-stream';
import { formatEventId } from '#contracts/topics/event-id';
import { LiveRows, rowKey } from './live-rows.ts';

interface Row {
  id: number;
  name?: string;
  size?: number;
}
const id = (lsn: number, ordinal = 0): string => formatEventId({ systemId: '1', timeline: 1, commitLsn: BigInt(lsn), ordinal });
const change = (op: StreamedChange['op'], lsn: number, row: Row | null, key: number | null = row?.id ?? 1): StreamedChange => ({
  op,
  key: key === null ? null : { id: key },
  after: op === 'd' || op === 't' ? null : (row as never),
  id: id(lsn),
  ts_ms: lsn,
});
const loaded = (...rows: Row[]): LiveRows<Row> => {
  const live = new LiveRows<Row>();
  live.replace(rows as never, ['id']);
  return live;
};

describe('live rows', () => {
  it('hold the snapshot and every change after it', () => {
    const live = loaded({ id: 1, name: 'a' });
    expect(live.apply(change('u', 10, { id: 1, name: 'b' }))).toMatchObject({ op: 'u', before: { name: 'a' }, after: { name: 'b' } });
    expect(live.apply(change('c', 11, { id: 2 }))).toMatchObject({ op: 'c', after: { id: 2 } });
    expect(live.apply(change('d', 12, null, 1))).toMatchObject({ op: 'd', before: { id: 1 } });
    expect([...live.rows.values()]).toEqual([{ id: 2 }]);
  });

  it('show nothing twice and nothing older than what they show, also of a deleted row', () => {
    const live = loaded();
    live.apply(change('c', 10, { id: 1, name: 'a' }));
    live.apply(change('d', 12, null, 1));
    expect(live.apply(change('c', 10, { id: 1, name: 'a' }))).toBeUndefined();
    expect(live.apply(change('u', 11, { id: 1, name: 'b' }))).toBeUndefined();
    expect(live.apply(change('d', 12, null, 1))).toBeUndefined();
    expect(live.rows.size).toBe(0);
  });

  it('keep a value that an update leaves out', () => {
    const live = loaded({ id: 1, name: 'large', size: 1 });
    live.apply(change('u', 10, { id: 1, size: 2 }));
    expect(live.rows.get('1')).toEqual({ id: 1, name: 'large', size: 2 });
  });

  it('lose to a truncate only what is older, whichever comes first', () => {
    const live = loaded({ id: 1 });
    live.apply(change('c', 30, { id: 3 }));
    expect(live.apply(change('t', 20, null, null))).toMatchObject({ op: 't' });
    expect(live.apply(change('c', 15, { id: 2 }))).toBeUndefined();
    expect(live.apply(change('t', 20, null, null))).toBeUndefined();
    expect([...live.rows.keys()]).toEqual(['3']);
  });

  it('tell of a fresh snapshot what differs, after the first', () => {
    const live = new LiveRows<Row>();
    expect(live.replace([{ id: 1, name: 'a' }, { id: 2 }, { id: 3 }], ['id'])).toEqual([]);
    live.apply(change('u', 99, { id: 3, name: 'gone back' }));
    const changes = live.replace([{ id: 1, name: 'b' }, { id: 3 }, { id: 4 }], ['id']);
    expect(changes.map(({ op, key, source }) => [op, key?.['id'], source])).toEqual([
      ['d', 2, 'snapshot'],
      ['u', 1, 'snapshot'],
      ['u', 3, 'snapshot'],
      ['c', 4, 'snapshot'],
    ]);
    expect([...live.rows.keys()].toSorted()).toEqual(['1', '3', '4']);
    expect(live.apply(change('u', 50, { id: 3, name: 'new' }))).toMatchObject({ op: 'u' });
  });

  it('name rows by key: one column as its text, several as JSON, whatever their order', () => {
    expect([rowKey({ id: 9007199254740993n }), rowKey({ id: 'x' })]).toEqual(['9007199254740993', 'x']);
    expect(rowKey({ a: 1, b: 'x' })).toBe(rowKey({ b: 'x', a: 1 }));
  });

  it('refuse events of another database cluster', () => {
    const live = loaded();
    live.apply(change('c', 10, { id: 1 }));
    expect(() => live.apply({ ...change('u', 11, { id: 1 }), id: '2:1:000000000000000B:0' })).toThrow(TypeError);
  });
});
