import { arrayEncoder } from './array.ts';
import { asBit, asBits, asBytes } from './bits.ts';
import { asBoolean, asInteger, asText, type ValueEncoder } from './encoder.ts';
import type { TypeLookup } from '../type-description.ts';
import { asFloat, asMoney, asNumeric } from './number.ts';
import { asHstore, asPoint } from './structured.ts';
import { asDate, asInterval, asTime, asTimestamp, asTimetz, timestamptzEncoder } from './temporal.ts';

const BY_INPUT: Readonly<Record<string, ValueEncoder>> = {
  int2in: asInteger,
  int4in: asInteger,
  int8in: asInteger,
  oidin: asInteger,
  float4in: asFloat,
  float8in: asFloat,
  numeric_in: asNumeric,
  cash_in: asMoney,
  boolin: asBoolean,
  byteain: asBytes,
  date_in: asDate,
  time_in: asTime,
  timetz_in: asTimetz,
  timestamp_in: asTimestamp,
  interval_in: asInterval,
  point_in: asPoint,
  hstore_in: asHstore,
};

/** How values of a column are written. A type that nobody describes any more (dropped since) is text. */
export function typeEncoder(oid: number, modifier: number, lookup: TypeLookup): ValueEncoder {
  let type = lookup(oid);
  let given = modifier;
  while (type !== undefined && type.baseOid !== 0) {
    if (type.baseModifier !== -1) given = type.baseModifier;
    type = lookup(type.baseOid);
  }
  if (type === undefined) return asText;
  if (type.elementOid !== 0) return arrayEncoder(typeEncoder(type.elementOid, given, lookup), lookup(type.elementOid)?.delimiter ?? ',');
  if (type.input === 'timestamptz_in') return timestamptzEncoder(given);
  if (type.input === 'bit_in' || type.input === 'varbit_in') return given === 1 ? asBit : asBits;
  return BY_INPUT[type.input] ?? asText;
}
