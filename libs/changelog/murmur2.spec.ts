import { describe, expect, it } from '@jest/globals';
import { murmur2, partitionOf } from './murmur2.ts';

// From Kafka's own UtilsTest.testMurmur2.
const KAFKA: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('murmur2', () => {
  it.each(KAFKA)('hashes %s as the Java client does', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  it('puts a null key into partition 0 and any other below the partition count', () => {
    expect(partitionOf(null, 12)).toBe(0);
    for (const [text, hash] of KAFKA) expect(partitionOf(Buffer.from(text), 12)).toBe((hash & 0x7fffffff) % 12);
  });
});
