import type { JsonBytes } from '../json-bytes.ts';
import { asBoolean, asInteger, asText, type ValueEncoder } from './encoder.ts';
import { asFloat, asNumeric } from './number.ts';
import { asDate, asTimestamp, timestamptzEncoder } from './temporal.ts';

/** Writes the JSON of PostgreSQL's text of one value, which lies in `bytes` from `start` to `end`. Equal to what the type's `ValueEncoder` says of the same text. */
export type ValueWriter = (out: JsonBytes, bytes: Buffer, start: number, end: number) => void;

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const T = 0x54;
const Z = 0x5a;
const QUOTE = 0x22;
const DASH = 0x2d;
const SPACE = 0x20;
const PLUS = 0x2b;
const ZERO = 0x30;
const DOT = 0x2e;
/** Where the fraction's digits begin in `YYYY-MM-DD HH:MM:SS.` */
const FRACTION = 20;

/** The writer that says what `encode` says: from bytes to bytes where the type has one, else by way of a JavaScript string. */
export function writerOf(encode: ValueEncoder): ValueWriter {
  return FAST.get(encode) ?? viaString(encode);
}

function viaString(encode: ValueEncoder): ValueWriter {
  return (out, bytes, start, end) => out.json(encode(bytes.toString('utf8', start, end)));
}

/** `YYYY-MM-DD` of four-digit years; what is not of this shape goes by way of a string. */
function isDate(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 10 && bytes[start + 4] === DASH && bytes[start + 7] === DASH && isDigit(bytes[start] as number);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** `YYYY-MM-DD HH:MM:SS` and a fraction, the last byte a digit: no era, no infinity. */
function isTimestamp(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 19 && end - start <= 26 && isDate(bytes, start, end) && bytes[start + 10] === SPACE && isDigit(bytes[end - 1] as number);
}

function writeTimestamp(out: JsonBytes, bytes: Buffer, start: number, end: number): void {
  out.byte(QUOTE);
  out.copy(bytes, start, start + 10);
  out.byte(T);
  out.copy(bytes, start + 11, end);
}

/** `timestamptz` in UTC, with `digits` digits of the second's fraction. */
function timestamptzWriter(digits: number): ValueWriter {
  const slow = viaString(timestamptzEncoder(digits));
  return (out, bytes, start, end) => {
    const zone = end - 3;
    if (bytes[zone] !== PLUS || bytes[zone + 1] !== ZERO || bytes[zone + 2] !== ZERO || !isTimestamp(bytes, start, zone)) return slow(out, bytes, start, end);
    writeTimestamp(out, bytes, start, zone);
    const given = Math.max(0, zone - start - FRACTION);
    if (given === 0 && digits > 0) out.byte(DOT);
    for (let digit = given; digit < digits; digit += 1) out.byte(ZERO);
    out.byte(Z);
    out.byte(QUOTE);
  };
}

const slowNumeric = viaString(asNumeric);
const slowDate = viaString(asDate);
const slowTimestamp = viaString(asTimestamp);

/** The types that most columns have, without a string in between. */
const FAST = new Map<ValueEncoder, ValueWriter>([
  [asText, (out, bytes, start, end) => out.string(bytes, start, end)],
  [asInteger, (out, bytes, start, end) => out.copy(bytes, start, end)],
  [asBoolean, (out, bytes, start) => out.raw(bytes[start] === 0x74 ? TRUE : FALSE)],
  // NaN ends in N, infinities in y.
  [asFloat, (out, bytes, start, end) => (isDigit(bytes[end - 1] as number) ? out.copy(bytes, start, end) : out.quoted(bytes, start, end))],
  [asNumeric, (out, bytes, start, end) => (isDigit(bytes[end - 1] as number) ? out.quoted(bytes, start, end) : slowNumeric(out, bytes, start, end))],
  [
    asDate,
    (out, bytes, start, end) => {
      if (end - start !== 10 || !isDate(bytes, start, end)) return slowDate(out, bytes, start, end);
      out.byte(QUOTE);
      out.copy(bytes, start, end);
      out.byte(Z);
      out.byte(QUOTE);
    },
  ],
  [
    asTimestamp,
    (out, bytes, start, end) => {
      if (!isTimestamp(bytes, start, end)) return slowTimestamp(out, bytes, start, end);
      writeTimestamp(out, bytes, start, end);
      out.byte(Z);
      out.byte(QUOTE);
    },
  ],
  ...Array.from({ length: 7 }, (_value, digits): [ValueEncoder, ValueWriter] => [timestamptzEncoder(digits), timestamptzWriter(digits)]),
]);
