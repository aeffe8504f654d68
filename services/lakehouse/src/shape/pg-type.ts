import type { ShapeType } from './column-plan.ts';

const PLAIN: Readonly<Record<string, ShapeType>> = {
  int2: 'short',
  int4: 'integer',
  int8: 'long',
  oid: 'long',
  float4: 'float',
  float8: 'double',
  bool: 'boolean',
  bytea: 'binary',
  date: 'date',
  timestamp: 'timestamp_ntz',
  timestamptz: 'timestamp',
};

/**
 * The column type for a type of pg_catalog, by its name and modifier (envelope.md says how values come). Money is a decimal of its 64 bits; a numeric
 * without a known precision, or beyond 38 digits, is text; so is all that has no counterpart: time, interval, uuid, json, arrays, composites, enums.
 */
export function shapeOf(type: string, modifier: number): ShapeType {
  if (type === 'money') return { decimal: { precision: 19, scale: 2 } };
  if ((type === 'bit' || type === 'varbit') && modifier === 1) return 'boolean';
  if (type === 'numeric' && modifier >= 4) {
    const precision = ((modifier - 4) >> 16) & 0xffff;
    // Eleven bits, signed: PostgreSQL has negative scales.
    const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    if (precision <= 38 && scale >= 0 && scale <= precision) return { decimal: { precision, scale } };
  }
  return PLAIN[type] ?? 'string';
}
