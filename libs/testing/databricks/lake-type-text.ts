import type { LakeType } from '#libs/lakehouse/lake-type';
import { SqlError } from './sql-error.ts';

const BY_SQL: Readonly<Record<string, LakeType>> = {
  STRING: 'string',
  BIGINT: 'long',
  LONG: 'long',
  INT: 'integer',
  INTEGER: 'integer',
  SMALLINT: 'short',
  SHORT: 'short',
  TINYINT: 'byte',
  BYTE: 'byte',
  FLOAT: 'float',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  BINARY: 'binary',
  DATE: 'date',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_NTZ: 'timestamp_ntz',
};

/** A column type as Databricks SQL writes it. */
export function typeOfSql(text: string): LakeType {
  const decimal = /^DECIMAL\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)$/i.exec(text);
  if (decimal) return { decimal: { precision: Number(decimal[1]), scale: Number(decimal[2]) } };
  const known = BY_SQL[text.toUpperCase()];
  if (known === undefined) throw new SqlError('UNSUPPORTED_DATATYPE', '0A000', `Unsupported data type "${text}".`);
  return known;
}

export function sqlOfType(type: LakeType): string {
  if (typeof type !== 'string') return 'decimal' in type ? `DECIMAL(${type.decimal.precision},${type.decimal.scale})` : type.other;
  const found = Object.entries(BY_SQL).find(([name, value]) => value === type && name !== 'LONG' && name !== 'INTEGER' && name !== 'SHORT' && name !== 'BYTE');
  return found?.[0] ?? 'STRING';
}

/** A column type as `DESCRIBE … AS JSON` writes it. */
export function jsonOfType(type: LakeType): unknown {
  if (typeof type !== 'string') return 'decimal' in type ? { name: 'decimal', ...type.decimal } : { name: type.other };
  return { name: type === 'timestamp' ? 'timestamp_ltz' : sqlOfType(type).toLowerCase() };
}
