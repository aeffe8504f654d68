import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, stringifyJson } from './json.ts';

describe('JSON with every digit', () => {
  it('keeps 64-bit integers through a round trip', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.jsonValue(), (integer, other) => {
        const text = `{"n":${integer},"o":${JSON.stringify(other)}}`;
        const value = parseJson(text) as { n: number | bigint };
        expect(BigInt(value.n)).toBe(integer);
        expect(stringifyJson(value)).toBe(JSON.stringify(JSON.parse(text)).replace(/"n":[^,}]*/, `"n":${integer}`));
      }),
    );
  });

  it('leaves long digits inside strings and fractions alone', () => {
    expect(parseJson('{"a":"12345678901234567890","b":1234567890123456.5,"c":1e400}')).toEqual({
      a: '12345678901234567890',
      b: 1234567890123456.5,
      c: Infinity,
    });
  });
});
