import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareLsn, formatLsn, maxLsn, parseLsn, toLsn } from './lsn.ts';

const lsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((value) => toLsn(value));

describe('Lsn', () => {
  it('reads back what it writes', () => {
    fc.assert(fc.property(lsn, (value) => expect(parseLsn(formatLsn(value))).toBe(value)));
  });

  it('orders by position, not by text', () => {
    expect(compareLsn(parseLsn('9/0'), parseLsn('10/0'))).toBe(-1);
    expect(compareLsn(parseLsn('0/FF'), parseLsn('0/100'))).toBe(-1);
    expect(compareLsn(parseLsn('1/0'), parseLsn('1/0'))).toBe(0);
    expect(maxLsn(parseLsn('9/0'), parseLsn('10/0'))).toBe(parseLsn('10/0'));
  });

  it.each(['', '16', '16/', '/1', '16/123456789', '16/G', ' 1/1', '1/1\n'])('refuses %j', (text) => {
    expect(() => parseLsn(text)).toThrow(TypeError);
  });

  it('refuses what does not fit 64 bits', () => {
    expect(() => toLsn(-1n)).toThrow(RangeError);
    expect(() => toLsn(2n ** 64n)).toThrow(RangeError);
  });
});
