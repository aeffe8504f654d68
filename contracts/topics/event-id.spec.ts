import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareEventIds, type EventId, formatEventId, parseEventId } from './event-id.ts';

const eventId = fc.record({
  systemId: fc.constant('7301234567890123456'),
  timeline: fc.integer({ min: 1, max: 9 }),
  commitLsn: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ordinal: fc.integer({ min: 0, max: 20_000_000 }),
});

describe('event ids', () => {
  it('survive text', () => {
    fc.assert(fc.property(eventId, (id) => expect(parseEventId(formatEventId(id))).toEqual(id)));
  });

  it('order by timeline, then LSN as a number, then ordinal as a number', () => {
    const at = (timeline: number, commitLsn: bigint, ordinal: number): EventId => ({ systemId: '1', timeline, commitLsn, ordinal });
    const sorted = [at(1, 0x9n, 5), at(1, 0xan, 0), at(1, 0x10n, 2), at(1, 0x10n, 10), at(2, 1n, 0)];
    expect(sorted.toReversed().sort(compareEventIds)).toEqual(sorted);
  });

  it('of two clusters have no order', () => {
    expect(() => compareEventIds({ systemId: '1', timeline: 1, commitLsn: 1n, ordinal: 0 }, { systemId: '2', timeline: 1, commitLsn: 1n, ordinal: 0 })).toThrow(
      TypeError,
    );
  });

  it('refuse other text', () => {
    for (const text of ['', '1:1:1:1', '1:1:00000000000000001:1', 'a:1:0000000000000001:1']) expect(() => parseEventId(text)).toThrow(TypeError);
  });
});
