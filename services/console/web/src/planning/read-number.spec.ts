import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textOf } from './decimal.ts';
import { localStyle, type Style, styleOf } from '../sheet/numeral.ts';
import { readNumber } from './read-number.ts';

const read = (text: string, style: Style = '.'): string | undefined => {
  const amount = readNumber(text, style);
  return amount === undefined ? undefined : textOf(amount);
};

describe('reading a number that a person wrote', () => {
  it.each([
    ['1,234.50', '1234.5'],
    ['1.234,50', '1234.5'],
    ['1 234,5', '1234.5'],
    ['1\u00a0234\u202f567', '1234567'],
    ["1'234.5", '1234.5'],
    ['(12)', '-12'],
    ['−3', '-3'],
    ['3-', '-3'],
    ['+7', '7'],
    ['€ 12,5', '12.5'],
    ['12 EUR', '12'],
    ['-$1,000', '-1000'],
    ['5%', '5'],
    ['2.5 %', '2.5'],
    ['1.234.567', '1234567'],
    ['12,34,567', '1234567'],
    ['1e3', '1000'],
    ['0,500', '0.5'],
    ['.5', '0.5'],
  ])('understands %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('takes the one open case, three digits behind a single character, as its style says', () => {
    expect(read('1,234', '.')).toBe('1234');
    expect(read('1,234', ',')).toBe('1.234');
    expect(read('1.234', ',')).toBe('1234');
  });

  it.each(['', 'abc', '1,23,4', '1..2', '--1', '-1-', '#REF!', '1.2,3.4', '12 pieces', '2026-01', '1/2'])('does not guess at %p', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('lets a telling cell of the block decide for the open ones', () => {
    expect(styleOf(['1.234', '2,5', 'x'], '.')).toBe(',');
    expect(styleOf(['1,234', '1,234.5'], ',')).toBe('.');
    expect(styleOf(['1', '2'], ',')).toBe(',');
  });

  it('reads back what any of these languages writes', () => {
    const languages = ['en-US', 'de-DE', 'fr-FR', 'de-CH', 'en-IN', 'sv-SE'];
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.constantFrom(...languages), (cents, language) => {
        const written = new Intl.NumberFormat(language, { minimumFractionDigits: 2 }).format(cents / 100);
        expect(Number(read(written, localStyle(language)))).toBe(cents / 100);
      }),
    );
  });
});
