import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { amountOf, numberOf, ONE, per, sum, textOf, times } from './decimal.ts';

describe('amounts', () => {
  it.each([
    ['12.50', '12.5'],
    ['-0.1', '-0.1'],
    ['1e3', '1000'],
    ['.5', '0.5'],
    ['0.0000000004', '0'],
    ['0.0000000005', '0.000000001'],
    ['-0.0000000005', '-0.000000001'],
    ['12345678901234567890.123', '12345678901234567890.123'],
  ])('reads %s as %s', (text, shown) => {
    expect(textOf(amountOf(text) ?? 0n)).toBe(shown);
  });

  it.each([null, undefined, '', 'NaN', 'Infinity', '1.2.3', '.', Number.NaN, {}])('says that %p is no amount', (value) => {
    expect(amountOf(value)).toBeUndefined();
  });

  it('adds what doubles can not', () => {
    expect(textOf(sum(['0.1', '0.2', '0.3'].map((text) => amountOf(text) ?? 0n)))).toBe('0.6');
  });

  it('reads back whatever it writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (amount) => {
        expect(amountOf(textOf(amount))).toBe(amount);
      }),
    );
  });

  it('divides and multiplies with rounding half away from zero', () => {
    const ten = 10n * ONE;
    expect(textOf(per(ten, 3n * ONE))).toBe('3.333333333');
    expect(textOf(per(-ten, 3n * ONE))).toBe('-3.333333333');
    expect(per(ten, 0n)).toBe(0n);
    expect(textOf(times(amountOf('1.5') ?? 0n, amountOf('-2.5') ?? 0n))).toBe('-3.75');
    expect(numberOf(amountOf('2.25') ?? 0n)).toBe(2.25);
  });
});
