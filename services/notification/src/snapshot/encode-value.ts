import type { JsonValue } from '#contracts/topics/json';
import type { ColumnType } from '../subscriptions/column-type.ts';
import { encodeArray } from './encode-array.ts';
import { encodeDate, encodeInterval, encodeTime, encodeTimestamp, encodeTimestampTz, encodeTimeTz } from './encode-time.ts';

/** Turns a value's text, as PostgreSQL sends it under the settings of `SNAPSHOT_SETTINGS`, into what the change topics hold for it. */
export type Encoder = (text: string) => JsonValue;

/** Under these settings a value's text does not depend on the database's or the role's own. */
export const SNAPSHOT_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '1',
  lc_monetary: 'C',
};

const verbatim: Encoder = (text) => text;

const BY_NAME: Readonly<Record<string, (type: ColumnType) => Encoder>> = {
  int2: () => Number,
  int4: () => Number,
  int8: () => encodeInteger,
  oid: () => Number,
  float4: () => encodeFloat,
  float8: () => encodeFloat,
  numeric: () => encodeNumeric,
  money: () => (text) => text.replaceAll(/[$,]/g, ''),
  bool: () => (text) => text === 't',
  bit: (type) => (type.modifier === 1 ? (text) => text === '1' : encodeBits),
  varbit: (type) => (type.modifier === 1 ? (text) => text === '1' : encodeBits),
  bytea: () => (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  date: () => encodeDate,
  time: () => encodeTime,
  timetz: () => encodeTimeTz,
  timestamp: () => encodeTimestamp,
  timestamptz: (type) => (text) => encodeTimestampTz(text, type.modifier),
  interval: () => encodeInterval,
  hstore: () => encodeHstore,
  point: () => encodePoint,
};

/** The encoder of a column; a type that the envelope has no rule for is PostgreSQL's text. */
export function encoderOf(type: ColumnType): Encoder {
  const { element } = type;
  if (element) {
    const encode = encoderOf(element);
    return (text) => encodeArray(text, element.delimiter, encode);
  }
  const known = (type.builtIn || type.name === 'hstore') && Object.hasOwn(BY_NAME, type.name);
  return (known ? BY_NAME[type.name] : undefined)?.(type) ?? verbatim;
}

function encodeInteger(text: string): JsonValue {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function encodeFloat(text: string): JsonValue {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

function encodeNumeric(text: string): JsonValue {
  if (text === 'NaN') return 'NAN';
  if (text === 'Infinity') return 'POSITIVE_INFINITY';
  return text === '-Infinity' ? 'NEGATIVE_INFINITY' : text;
}

/** The last bit of the text is the lowest bit of the first byte. */
function encodeBits(text: string): JsonValue {
  const bytes = Buffer.alloc(Math.ceil(text.length / 8));
  for (let i = 0; i < text.length; i += 1) {
    if (text[text.length - 1 - i] === '1') bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return bytes.toString('base64');
}

/** `"key"=>"value", "key"=>NULL` (manual, F.17) as JSON text. By hand: an object would reorder keys and lose `__proto__`. */
function encodeHstore(text: string): JsonValue {
  const pairs: string[] = [];
  for (const [, key = '', value] of text.matchAll(/"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")/gs)) {
    pairs.push(`${JSON.stringify(unescape(key))}:${value === undefined ? 'null' : JSON.stringify(unescape(value))}`);
  }
  return `{${pairs.join(',')}}`;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1');
}

/** Debezium's struct: both coordinates and little-endian well-known binary. */
function encodePoint(text: string): JsonValue {
  const [x = '', y = ''] = text.slice(1, -1).split(',');
  const wkb = Buffer.alloc(21);
  wkb.writeUInt8(1, 0);
  wkb.writeUInt32LE(1, 1);
  wkb.writeDoubleLE(Number(x), 5);
  wkb.writeDoubleLE(Number(y), 13);
  return { x: encodeFloat(x), y: encodeFloat(y), wkb: wkb.toString('base64'), srid: null };
}
