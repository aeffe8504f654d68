import { describe, expect, it } from '@jest/globals';
import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import { MemoryInbox } from './inbox.ts';
import { readTopicChange, type TopicChange } from './topic-change.ts';
import { TopicRows } from './topic-rows.ts';

interface Row {
  id: number;
  big: string;
  n: number;
}
const source = { ts_ms: 5, schema: 'public', table: 't' };
const parked = { reason: 'row-too-large', message: 'm', op: 'u', bytes: 9, topic: 'p.__dlq' };

function read(op: string, rows: { before?: unknown; after?: unknown; parked?: unknown }, id = 1): TopicChange<Row> {
  const value = Buffer.from(JSON.stringify({ before: null, after: null, source, op, ...rows }));
  const record = { offset: '7', key: Buffer.from(`{"id":${id}}`), value, headers: { id: Buffer.from('1:1:0000000000000001:0') } };
  return readTopicChange<Row>('p.public.t', 0, record) as TopicChange<Row>;
}

describe('a record of a change topic', () => {
  it('tells which values an update did not send, and leaves them out', () => {
    const change = read('u', { before: { id: 1, big: UNAVAILABLE_VALUE, n: 1 }, after: { id: 1, big: UNAVAILABLE_VALUE, n: 2 } });
    expect(change).toMatchObject({
      op: 'u',
      key: { id: 1 },
      before: { id: 1, n: 1 },
      after: { id: 1, n: 2 },
      unchanged: ['big'],
      id: '1:1:0000000000000001:0',
      committedMs: 5,
    });
    expect('after' in change && change.after).not.toHaveProperty('big');
  });

  it('says nothing when it is a tombstone, and refuses what is no event', () => {
    expect(readTopicChange('t', 0, { offset: '0', key: null, value: null })).toBeNull();
    for (const value of ['no json', '{}', '{"source":{},"op":"z"}', '{"source":{},"op":"c","after":null}'])
      expect(() => readTopicChange('t', 0, { offset: '0', key: null, value: Buffer.from(value) })).toThrow();
  });
});

describe('the rows of a topic', () => {
  it('keep values that were not sent, and hold a row from its marker until it is told in full', () => {
    const rows = new TopicRows<Row>();
    rows.apply(read('c', { after: { id: 1, big: 'x', n: 1 } }));
    rows.apply(read('u', { after: { id: 1, big: UNAVAILABLE_VALUE, n: 2 } }));
    expect(rows.get({ id: 1 })).toEqual({ id: 1, big: 'x', n: 2 });
    rows.apply(read('p', { parked }));
    expect([rows.get({ id: 1 }), rows.isHeld({ id: 1 }), [...rows.values()]]).toEqual([undefined, true, []]);
    rows.apply(read('u', { after: { id: 1, big: UNAVAILABLE_VALUE, n: 3 } }));
    expect(rows.isHeld({ id: 1 })).toBe(true);
    rows.apply(read('r', { after: { id: 1, big: 'y', n: 3 } }));
    expect(rows.get({ id: 1 })).toEqual({ id: 1, big: 'y', n: 3 });
    rows.apply(read('p', { parked: { ...parked, op: 'd' } }));
    expect([rows.get({ id: 1 }), rows.isHeld({ id: 1 })]).toEqual([undefined, false]);
  });
});

describe('the inbox', () => {
  it('lets each event in once, in the order of ids and not of their text, and again what failed', async () => {
    const inbox = new MemoryInbox();
    const once = (ordinal: number, work = async (): Promise<void> => undefined): Promise<boolean> =>
      inbox.once({ consumer: 'c', topic: 't', partition: 0, id: `1:1:0000000000000001:${ordinal}` }, work);
    await expect(once(9, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect([await once(9), await once(9), await once(10), await once(2)]).toEqual([true, false, true, false]);
  });
});
