import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventId } from '#contracts/topics/event-id';
import { CursorCodec } from './cursor.ts';
import { Progress } from './progress.ts';
import { parseSnapshot } from './visibility.ts';

const event = (commitLsn: bigint, ordinal = 0, timeline = 1): EventId => ({ systemId: '7000000000000000001', timeline, commitLsn, ordinal });
const codec = new CursorCodec('secret');

describe('a cursor', () => {
  const progress = Progress.at([5n, 0n, 2n ** 50n]);
  progress.admit(0, 7n, event(0xabcdefn, 12), '{"id":1}');
  const stitch = { snapshot: parseSnapshot('100:110:104,105'), horizon: 77n };
  const text = codec.position('fp', progress.toText()) + codec.suffix('fp', stitch);

  it('holds the position of each partition, the furthest event and the stitch', () => {
    const cursor = codec.parse(text);
    expect(cursor).toMatchObject({ subscription: 'fp', stitch });
    expect([0, 1, 2, 3].map((partition) => cursor?.progress.next(partition))).toEqual([8n, 0n, 2n ** 50n, 0n]);
    expect(cursor?.progress.toText()).toBe(progress.toText());
    expect(cursor?.progress.admit(0, 8n, event(0xabcdefn, 11), '{"id":2}')).toBe(false);
  });

  it('has no second half once the snapshot is behind', () => {
    expect(codec.suffix('fp', undefined)).toBe('');
    expect(codec.parse(codec.position('fp', progress.toText()))?.stitch).toBeUndefined();
  });

  it('is refused when a single character differs, or under another secret', () => {
    expect(new CursorCodec('other').parse(text)).toBeUndefined();
    for (let i = 0; i < text.length; i += 1) {
      const forged = `${text.slice(0, i)}${text[i] === 'x' ? 'y' : 'x'}${text.slice(i + 1)}`;
      expect(codec.parse(forged)).toBeUndefined();
    }
  });

  it('is never an exception, whatever is sent', () => {
    fc.assert(fc.property(fc.string(), (junk) => codec.parse(junk) === undefined));
    fc.assert(fc.property(fc.string(), (junk) => void codec.parse(codec.position('fp', junk))));
  });
});

describe('progress', () => {
  it('tells first deliveries from repetitions, in each partition by itself', () => {
    const progress = Progress.at([0n, 0n]);
    const admit = (partition: number, offset: bigint, id: EventId, key = 'k'): boolean => progress.admit(partition, offset, id, key);
    expect(admit(0, 0n, event(10n, 0))).toBe(true);
    expect(admit(0, 1n, event(10n, 1))).toBe(true);
    expect(admit(1, 0n, event(5n, 0))).toBe(true);
    expect(admit(0, 2n, event(10n, 0))).toBe(false);
    expect(admit(0, 3n, event(10n, 1))).toBe(false);
    expect(admit(0, 4n, event(9n, 7, 2))).toBe(true);
    expect([progress.next(0), progress.next(1)]).toEqual([5n, 1n]);
  });

  it('takes both halves of a primary-key update, which share an event id, once each', () => {
    const progress = Progress.at([0n]);
    const halves = ['{"id":1}', '{"id":2}', '{"id":1}', '{"id":2}'];
    expect(halves.map((key, offset) => progress.admit(0, BigInt(offset), event(10n), key))).toEqual([true, true, false, false]);
  });

  it('refuses events of another database cluster', () => {
    const progress = Progress.at([0n, 0n]);
    progress.admit(0, 0n, event(10n), 'k');
    expect(() => progress.admit(0, 1n, { ...event(11n), systemId: '8' }, 'k')).toThrow(TypeError);
    expect(() => progress.admit(1, 0n, { ...event(11n), systemId: '8' }, 'k')).toThrow(TypeError);
  });

  it('has reached a position only when every partition has', () => {
    const progress = Progress.at([0n, 0n]);
    progress.admit(0, 0n, event(10n), 'k');
    expect(progress.reached(10n)).toBe(false);
    progress.admit(1, 0n, event(12n), 'k');
    expect([progress.reached(10n), progress.reached(11n), new Progress().reached(0n)]).toEqual([true, false, false]);
  });
});
