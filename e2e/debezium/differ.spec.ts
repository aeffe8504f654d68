import { describe, expect, it } from '@jest/globals';
import type { JsonValue } from '#contracts/topics/json';
import type { Captured, Envelope } from './captured.ts';
import { type Difference, differences } from './differ.ts';

const source = { lsn: 1, schema: 'public', table: 't' } as Envelope['source'];

function event(op: string, lsn: number, row: Record<string, JsonValue>): Captured {
  return { key: { id: row['id'] ?? null }, headers: {}, value: { op, before: null, after: row, source: { ...source, lsn }, transaction: null } };
}
const tombstone = (id: number): Captured => ({ key: { id }, value: null, headers: {} });
const HISTORY = [event('c', 1, { id: 1, v: 'a' }), event('c', 2, { id: 2, v: 'b' }), event('d', 3, { id: 1, v: 'a' }), tombstone(1)];

function found(ours: readonly Captured[], theirs: readonly Captured[] = HISTORY): Pick<Difference, 'field' | 'op' | 'ours' | 'theirs'>[] {
  const all = differences(new Map([['public.t', ours]]), new Map([['public.t', theirs]]), (_topic, column) => `type of ${column}`);
  return all.map(({ field, op, ours: one, theirs: other }) => ({ field, op, ours: one, theirs: other }));
}
const changed = (index: number, change: Partial<Captured>): Captured[] => HISTORY.with(index, { ...(HISTORY[index] as Captured), ...change });

describe('the comparison with Debezium', () => {
  it('finds nothing between equal captures', () => {
    expect(found(HISTORY)).toEqual([]);
  });

  it('finds a value, with its type, a column that is missing and columns in another order', () => {
    expect(found(HISTORY.with(0, event('c', 1, { id: 1, v: 'x' })))).toEqual([{ field: 'after.v', op: 'c', ours: '"x"', theirs: '"a"' }]);
    expect(found(HISTORY.with(0, event('c', 1, { id: 1 })))).toEqual([{ field: 'after.v', op: 'c', ours: undefined, theirs: '"a"' }]);
    expect(found(HISTORY.with(0, event('c', 1, { v: 'a', id: 1 })))).toEqual([{ field: 'order of after', op: 'c', ours: 'v,id', theirs: 'id,v' }]);
    const [difference] = differences(new Map([['t', [event('c', 1, { v: 1 })]]]), new Map([['t', [event('c', 1, { v: 2 })]]]), () => 'integer');
    expect(difference?.type).toBe('integer');
  });

  it('finds every digit of a large number', () => {
    const large = (v: bigint): Captured[] => [event('c', 1, { id: 1, v })];
    expect(found(large(9007199254740993n), large(9007199254740992n))).toHaveLength(1);
  });

  it('finds another key, also in the order of its columns, another header and another source', () => {
    expect(found(changed(0, { key: { id: 7 } }))).toEqual([{ field: 'key', op: 'c', ours: '{"id":7}', theirs: '{"id":1}' }]);
    expect(found([{ ...tombstone(1), key: { a: 1, b: 2 } }], [{ ...tombstone(1), key: { b: 2, a: 1 } }])).toHaveLength(1);
    expect(found(changed(3, { headers: { '__debezium.newkey': '{}' } }))).toEqual([
      { field: 'header.__debezium.newkey', op: '-', ours: '"{}"', theirs: undefined },
    ]);
    const value = { ...(HISTORY[0]?.value as Envelope), source: { ...source, txId: 5 } };
    expect(found(changed(0, { value }))).toEqual([{ field: 'source.txId', op: 'c', ours: '5', theirs: undefined }]);
  });

  it('finds an event that one side lacks, and only that', () => {
    expect(found(HISTORY.toSpliced(1, 1))).toEqual([{ field: 'event', op: 'c', ours: undefined, theirs: 'c {"id":2,"v":"b"}' }]);
    expect(found(HISTORY.slice(0, 3))).toEqual([{ field: 'event', op: '-', ours: undefined, theirs: 'tombstone of {"id":1}' }]);
    expect(found([...HISTORY, HISTORY[0] as Captured])).toEqual([{ field: 'event', op: 'c', ours: 'c {"id":1,"v":"a"}', theirs: undefined }]);
  });

  it('finds another order of changes, but lets snapshots come when they come', () => {
    const [first, second] = HISTORY as [Captured, Captured];
    expect(found([second, first, ...HISTORY.slice(2)])).toMatchObject([{ field: 'order' }]);
    const read = event('r', 9, { id: 5, v: 'e' });
    expect(found([...HISTORY, read], [read, ...HISTORY])).toEqual([]);
  });

  it('finds a topic that one side lacks', () => {
    expect(differences(new Map(), new Map([['public.t', HISTORY]]), () => '')).toMatchObject([{ field: 'topic', ours: undefined, theirs: '4 records' }]);
  });
});
