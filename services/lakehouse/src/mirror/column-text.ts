import type { LakeType, LakeValue } from '#libs/lakehouse/lake-type';

const TYPES: Readonly<Record<Extract<LakeType, string>, string>> = {
  string: 'text',
  long: 'bigint',
  integer: 'integer',
  short: 'smallint',
  byte: 'smallint',
  float: 'real',
  double: 'double precision',
  boolean: 'boolean',
  binary: 'bytea',
  date: 'date',
  timestamp: 'timestamp with time zone',
  timestamp_ntz: 'timestamp without time zone',
};

/** The PostgreSQL type of a mirror's column, spelled as `format_type` spells it. A struct, array or map is its JSON text. */
export function columnType(type: LakeType): string {
  if (typeof type === 'string') return TYPES[type];
  return 'decimal' in type ? `numeric(${type.decimal.precision},${type.decimal.scale})` : 'text';
}

/** A key compares by value: what has no exact equality (floating point) or no form of its own (JSON text) is none. */
export function isKeyType(type: LakeType): boolean {
  return typeof type === 'string' ? type !== 'float' && type !== 'double' : 'decimal' in type;
}

/** A value as the input function of its column's type reads it. */
export function columnText(value: LakeValue): string | null {
  if (value === null || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  return Object.is(value, -0) ? '-0' : String(value);
}
