import type { LakeType } from '../lake-type.ts';

const SQL: Readonly<Record<string, string>> = {
  string: 'STRING',
  long: 'BIGINT',
  integer: 'INT',
  short: 'SMALLINT',
  byte: 'TINYINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BINARY',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamp_ntz: 'TIMESTAMP_NTZ',
};
const BY_SQL = new Map(Object.entries(SQL).map(([lake, sql]) => [sql, lake as LakeType]));
/** Other words for the same types, as `DESCRIBE … AS JSON` and older runtimes have them. */
const ALIASES: Readonly<Record<string, string>> = {
  TIMESTAMP_LTZ: 'TIMESTAMP',
  INTEGER: 'INT',
  LONG: 'BIGINT',
  SHORT: 'SMALLINT',
  BYTE: 'TINYINT',
  VOID: 'STRING',
};

/** A type as Databricks SQL writes it; undefined for one that is only passed through. */
export function sqlType(type: LakeType): string | undefined {
  if (typeof type === 'string') return SQL[type];
  return 'decimal' in type ? `DECIMAL(${type.decimal.precision},${type.decimal.scale})` : undefined;
}

/** A type from Databricks SQL's name of it (the Arrow field's `Spark:DataType:SqlName`). */
export function lakeTypeOfSql(sql: string): LakeType {
  const upper = sql.trim().toUpperCase();
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(upper);
  if (decimal) return { decimal: { precision: Number(decimal[1]), scale: Number(decimal[2]) } };
  if (/^(VARCHAR|CHAR|STRING COLLATE)\b/.test(upper)) return 'string';
  return BY_SQL.get(ALIASES[upper] ?? upper) ?? { other: sql };
}

/** A type from `DESCRIBE TABLE … AS JSON`. */
export function lakeTypeOfJson(type: unknown): LakeType {
  if (typeof type !== 'object' || type === null || !('name' in type) || typeof type.name !== 'string') return { other: JSON.stringify(type) };
  if (type.name === 'decimal' && 'precision' in type && 'scale' in type) return { decimal: { precision: Number(type.precision), scale: Number(type.scale) } };
  const plain = lakeTypeOfSql(type.name);
  return typeof plain === 'string' ? plain : { other: JSON.stringify(type) };
}
