import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Digits } from './digits.ts';

const digits = new Digits();

function written(value: bigint): string {
  digits.set(value);
  return Buffer.from(digits.bytes.subarray(digits.start, digits.end)).toString('latin1');
}

describe('digits of a position', () => {
  it.each([0n, 7n, 99_999_999n, 100_000_000n, 100_000_001n, 9_007_199_254_740_991n, 9_007_199_254_740_992n, 9_007_199_254_740_993n, 2n ** 64n - 1n])(
    'are those of %d',
    (value) => {
      expect(written(value)).toBe(value.toString());
    },
  );

  it('are those of any number of 64 bits, whatever was written before', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => written(value) === value.toString()));
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n }), (value) => written(value) === value.toString()));
  });
});
