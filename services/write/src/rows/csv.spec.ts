import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCsv } from './csv.ts';

describe('CSV', () => {
  it('is read with quotes, breaks inside them, either line end and empty fields', () => {
    expect(parseCsv('a,b\r\n"x ""y"", z","1\n2"\n,')).toEqual([
      ['a', 'b'],
      ['x "y", z', '1\n2'],
      ['', ''],
    ]);
    expect(parseCsv('a\n\nb\n')).toEqual([['a'], [''], ['b']]);
    expect(parseCsv('')).toEqual([]);
  });

  it('is refused when a quote is left open or followed by text', () => {
    expect(parseCsv('a,"b')).toBeUndefined();
    expect(parseCsv('"a"b,c')).toBeUndefined();
  });

  it('gives back any fields that were written with quotes', () => {
    const records = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
    const written = (list: string[][]): string => list.map((record) => record.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')).join('\n');
    fc.assert(fc.property(records, (list) => expect(parseCsv(written(list))).toEqual(list)));
  });
});
