import { quoteName, quoteText } from './sql-text.ts';
import type { LakeColumn, LakeType } from '../lake-type.ts';

const NAMES: Readonly<Record<string, string>> = {
  string: 'VARCHAR',
  long: 'BIGINT',
  integer: 'INTEGER',
  short: 'SMALLINT',
  byte: 'TINYINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  timestamp_ntz: 'TIMESTAMP',
};
const TYPES: Readonly<Record<string, LakeType>> = {
  VARCHAR: 'string',
  BIGINT: 'long',
  UINTEGER: 'long',
  INTEGER: 'integer',
  USMALLINT: 'integer',
  SMALLINT: 'short',
  UTINYINT: 'short',
  TINYINT: 'byte',
  FLOAT: 'float',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  BLOB: 'binary',
  DATE: 'date',
  TIMESTAMP: 'timestamp_ntz',
  'TIMESTAMP WITH TIME ZONE': 'timestamp',
  TIMESTAMP_S: 'timestamp_ntz',
  TIMESTAMP_MS: 'timestamp_ntz',
  TIMESTAMP_NS: 'timestamp_ntz',
  UBIGINT: { decimal: { precision: 20, scale: 0 } },
  HUGEINT: { decimal: { precision: 38, scale: 0 } },
};

/** DuckDB's name for a type; undefined for one that is only passed through. */
export function duckdbType(type: LakeType): string | undefined {
  if (typeof type === 'string') return NAMES[type];
  return 'decimal' in type ? `DECIMAL(${type.decimal.precision},${type.decimal.scale})` : undefined;
}

/** The type of a DuckDB result column. */
export function lakeType(duckdb: string): LakeType {
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(duckdb);
  if (decimal) return { decimal: { precision: Number(decimal[1]), scale: Number(decimal[2]) } };
  return TYPES[duckdb] ?? { other: duckdb };
}

/** How a column's value in NDJSON becomes a value: some types are read as their text and cast, so that no digit passes through a double. */
export function fromJson({ name, type }: LakeColumn): { read: string; cast: string } {
  const quoted = quoteName(name);
  if (type === 'binary') return { read: 'VARCHAR', cast: `from_base64(${quoted})` };
  if (typeof type !== 'string' || type === 'date' || type === 'timestamp' || type === 'timestamp_ntz' || type === 'float' || type === 'double')
    return { read: 'VARCHAR', cast: `cast(${quoted} as ${duckdbType(type) ?? 'VARCHAR'})` };
  return { read: duckdbType(type) ?? 'VARCHAR', cast: quoted };
}

/** A partition value's text as the type's value; the empty text is null too (Delta protocol, "Partition Value Serialization"). */
export function fromPartition(text: string | null | undefined, { type }: LakeColumn): string {
  const target = duckdbType(type) ?? 'VARCHAR';
  if (text === null || text === undefined || text === '') return `null::${target}`;
  if (type === 'binary') return `encode(${quoteText(text)})`;
  return `cast(${quoteText(text)} as ${target})`;
}

/** The text of a partition column's value. */
export function toPartition({ name, type }: LakeColumn): string {
  const quoted = quoteName(name);
  if (type === 'timestamp') return `strftime(cast(${quoted} as TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ')`;
  if (type === 'timestamp_ntz') return `strftime(${quoted}, '%Y-%m-%d %H:%M:%S.%f')`;
  if (type === 'float' || type === 'double') return `replace(replace(cast(${quoted} as VARCHAR), 'inf', 'Infinity'), 'nan', 'NaN')`;
  return `cast(${quoted} as VARCHAR)`;
}
