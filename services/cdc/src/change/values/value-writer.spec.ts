import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonBytes } from '../json-bytes.ts';
import { asBoolean, asInteger, asText, type ValueEncoder } from './encoder.ts';
import { asFloat, asNumeric } from './number.ts';
import { asDate, asTimestamp, timestamptzEncoder } from './temporal.ts';
import { writerOf } from './value-writer.ts';

/** As the server prints them, eras, infinities and long years included. */
const digits = (length: number): fc.Arbitrary<string> => fc.integer({ min: 0, max: 10 ** length - 1 }).map((value) => String(value).padStart(length, '0'));
const date = fc.tuple(fc.oneof(digits(4), digits(6)), digits(2), digits(2)).map((parts) => parts.join('-'));
const fraction = fc.oneof(
  fc.constant(''),
  digits(6).map((text) => `.${text}`.replace(/0+$/, '').replace(/\.$/, '')),
);
const time = fc.tuple(digits(2), digits(2), digits(2), fraction).map(([hour, minute, second, rest]) => `${hour}:${minute}:${second}${rest}`);
const era = fc.constantFrom('', ' BC');
const endless = fc.constantFrom('infinity', '-infinity');
const timestamp = fc.tuple(date, time).map((parts) => parts.join(' '));
const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), fc.constantFrom('NaN', 'Infinity', '-Infinity', '1e+20', '-0.000'));

const cases: [string, ValueEncoder, fc.Arbitrary<string>][] = [
  ['text', asText, fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => text.isWellFormed())],
  ['long text', asText, fc.string({ unit: 'grapheme', minLength: 100, maxLength: 1_000 })],
  ['integers', asInteger, fc.bigInt().map(String)],
  ['booleans', asBoolean, fc.constantFrom('t', 'f')],
  ['floats', asFloat, number],
  ['numerics', asNumeric, number],
  [
    'dates',
    asDate,
    fc.oneof(
      fc.tuple(date, era).map((parts) => parts.join('')),
      endless,
    ),
  ],
  [
    'timestamps',
    asTimestamp,
    fc.oneof(
      fc.tuple(timestamp, era).map((parts) => parts.join('')),
      endless,
    ),
  ],
  ...[0, 1, 3, 6, -1].map((modifier): [string, ValueEncoder, fc.Arbitrary<string>] => {
    const text = fc.tuple(timestamp, era).map(([value, rest]) => `${value.replace(/(\.\d*)$/, (found) => shorten(found, modifier))}+00${rest}`);
    return [`timestamps with time zone (${modifier})`, timestamptzEncoder(modifier), fc.oneof(text, endless)];
  }),
];

/** A fraction of no more digits than the column has. */
function shorten(found: string, modifier: number): string {
  return modifier < 0 ? found : modifier === 0 ? '' : found.slice(0, modifier + 1);
}

describe('values from bytes to bytes', () => {
  it.each(cases)('say of %s what the encoder says', (_title, encode, texts) => {
    const out = new JsonBytes();
    const write = writerOf(encode);
    fc.assert(
      fc.property(texts, fc.nat({ max: 9 }), (text, before) => {
        const bytes = Buffer.from(`${'#'.repeat(before)}${text}#`);
        write(out, bytes, before, bytes.length - 1);
        expect(out.take().toString()).toBe(encode(text));
      }),
      { numRuns: 1_000 },
    );
  });

  it('keep what was written when a slab is full, however large it gets', () => {
    const out = new JsonBytes();
    const kept: [Buffer, string][] = [];
    for (const length of [10, 100_000, 40_000, 3, 1_000_000, 127_000, 5]) {
      const text = `é"${'x'.repeat(length)}\n`;
      const bytes = Buffer.from(text);
      out.byte(0x5b);
      out.string(bytes, 0, bytes.length);
      out.json(',"ü"]');
      kept.push([out.take(), JSON.stringify([text, 'ü'])]);
    }
    for (const [piece, expected] of kept) expect(piece.toString()).toBe(expected);
  });
});
