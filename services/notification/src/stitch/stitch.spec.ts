import { describe, expect, it } from '@jest/globals';
import { formatStitch, holds, parseStitch } from './stitch.ts';
import { parseSnapshot } from './visibility.ts';

describe('a stitch', () => {
  const stitch = { snapshot: parseSnapshot('100:110:104'), horizon: 0x5000n };

  it.each([
    ['committed before the snapshot, seen by it', 0x4000n, 103, true],
    ['committed before the snapshot was over, not seen by it', 0x4000n, 104, false],
    ['committed later, begun later', 0x6000n, 111, false],
    ['committed later, begun earlier', 0x6000n, 104, false],
    ['committed at the horizon itself', 0x5000n, 103, false],
    ['so much later that its id, without epoch, looks older', 0x9000n, 50, false],
  ] as const)('a change %s', (_case, commitLsn, xid, held) => {
    expect(holds(stitch, { commitLsn, xid })).toBe(held);
  });

  it('survives being written down', () => {
    expect(parseStitch(formatStitch(stitch))).toEqual(stitch);
    for (const text of ['', '1:2:', '1:2:@', '1:2:@zz', 'x@10']) expect(() => parseStitch(text)).toThrow();
  });
});
