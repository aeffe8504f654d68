import { describe, expect, it } from '@jest/globals';
import { DECLARED } from './declared.ts';

describe('the declared differences from Debezium', () => {
  it('cover no difference that they do not speak of', () => {
    const value = { topic: 'public.orders', field: 'after.amount', op: 'c', type: 'numeric', ours: '"1.50"', theirs: '"1.5"' };
    const others = [
      value,
      { ...value, field: 'key', type: '' },
      { ...value, field: 'order', op: '', type: '' },
      { ...value, field: 'topic', op: '', type: '', theirs: undefined },
      { ...value, field: 'event', type: '', ours: undefined },
      { ...value, field: 'source.lsn', type: '' },
      { ...value, field: 'header.__debezium.oldkey', type: '' },
    ];
    for (const difference of others) expect(DECLARED.filter(({ covers }) => covers(difference))).toEqual([]);
  });
});
