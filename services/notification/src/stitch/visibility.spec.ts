import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatSnapshot, isVisible, parseSnapshot, widenXid } from './visibility.ts';

const EPOCH = 2n ** 32n;

describe('visibility of a transaction in a snapshot', () => {
  it.each<[string, string, number, boolean]>([
    ['below xmin', '100:110:', 99, true],
    ['at xmin, over', '100:110:105', 100, true],
    ['at xmin, running', '100:110:100', 100, false],
    ['between, over', '100:110:100,105', 104, true],
    ['between, running', '100:110:100,105', 105, false],
    ['at xmax', '100:110:', 110, false],
    ['beyond xmax', '100:110:', 500, false],
    ['far below, same epoch', '3000000000:3000000010:', 1_000_000_000, true],
    ['before the wrap, seen after it', `${EPOCH + 3n}:${EPOCH + 10n}:`, 4_294_967_290, true],
    ['before the wrap, still running after it', `${EPOCH - 5n}:${EPOCH + 10n}:${EPOCH - 5n}`, 4_294_967_291, false],
    ['after the wrap, seen before it', `${EPOCH - 10n}:${EPOCH - 3n}:`, 5, false],
    ['after the wrap, over', `${EPOCH + 3n}:${EPOCH + 10n}:`, 4, true],
    ['in the ninth epoch', `${8n * EPOCH + 50n}:${8n * EPOCH + 60n}:${8n * EPOCH + 55n}`, 55, false],
  ])('%s: %s holds %d: %s', (_case, snapshot, xid, visible) => {
    expect(isVisible(xid, parseSnapshot(snapshot))).toBe(visible);
  });

  it('agrees with the 64-bit rule for every transaction within 2^31 of the snapshot', () => {
    const snapshots = fc
      .record({ xmin: fc.bigInt(2n ** 31n, 2n ** 40n), span: fc.array(fc.boolean(), { maxLength: 20 }) })
      .map(({ xmin, span }) => ({ xmin, xmax: xmin + BigInt(span.length), running: new Set(span.flatMap((open, i) => (open ? [xmin + BigInt(i)] : []))) }));
    fc.assert(
      fc.property(snapshots, fc.bigInt(-(2n ** 31n) + 100n, 2n ** 31n - 100n), (snapshot, distance) => {
        const xid = snapshot.xmax + distance;
        fc.pre(xid > 2n);
        const expected = xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.running.has(xid));
        expect(isVisible(Number(xid % EPOCH), snapshot)).toBe(expected);
        expect(widenXid(Number(xid % EPOCH), snapshot.xmax)).toBe(xid);
      }),
    );
  });

  it('reads and writes what pg_current_snapshot() says, and nothing else', () => {
    expect(formatSnapshot(parseSnapshot('10:20:10,14,15'))).toBe('10:20:10,14,15');
    expect(formatSnapshot(parseSnapshot('10:10:'))).toBe('10:10:');
    for (const text of ['', '10:20', '10:20:x', '-1:2:']) expect(() => parseSnapshot(text)).toThrow(TypeError);
  });
});
