import type { ColumnType } from './column-type.ts';
import { compareDecimals, type Decimal } from './decimal.ts';
import type { Scalar } from './scalar.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** A column of a lakehouse table as comparisons need it. */
export interface LakeOperandColumn {
  name: string;
  /** Quoted for the engine. */
  sql: string;
  /** What its values mean: that of the Postgres column it stands for. */
  type: ColumnType;
  /** How numerics are stored; undefined for text, which has no order of numbers. */
  decimal?: { precision: number; scale: number };
}

/** Where a statement for the lakehouse takes shape: its dialect, and its parameters, which are bound and never text. */
export interface LakeSql {
  dialect: 'duckdb' | 'databricks';
  /** Adds a value; answers the placeholder. */
  bind: (value: string | number | bigint | boolean | null) => string;
}

export type ComparisonOperator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte';

const SIGN: Readonly<Record<ComparisonOperator, string>> = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };
const UNKNOWN = 'cast(null as boolean)';
const INT64 = 2n ** 63n;
const MICROS_PER_DAY = 86_400_000_000n;
const INT32 = 2n ** 31n;

/** `column operator value`, exactly as Postgres compares values of the type; `undefined` stands for NULL. */
export function compileLakeComparison(column: LakeOperandColumn, operator: ComparisonOperator, value: Scalar | undefined, lake: LakeSql): string {
  if (value === undefined) return UNKNOWN;
  const place = placeOf(column, value, lake);
  if ('beyond' in place) return constant(column, HOLDS_BEYOND[operator](place.beyond));
  if (place.between === undefined) return `(${column.sql} ${SIGN[operator]} ${place.sql})`;
  // Between two storable values: nothing equals it, and what lies below it is at most its floor.
  if (operator === 'eq' || operator === 'neq') return constant(column, operator === 'neq');
  return `(${column.sql} ${operator === 'lt' || operator === 'lte' ? '<=' : '>'} ${place.sql})`;
}

/** Where a value lies among those that the column can hold. */
type Place = { sql: string; between?: 'floor' } | { beyond: 'all' | 'none' };

const HOLDS_BEYOND: Readonly<Record<ComparisonOperator, (beyond: 'all' | 'none') => boolean>> = {
  eq: () => false,
  neq: () => true,
  lt: (beyond) => beyond === 'all',
  lte: (beyond) => beyond === 'all',
  gt: (beyond) => beyond === 'none',
  gte: (beyond) => beyond === 'none',
};

/** The same for every value that is not null. */
function constant({ sql }: LakeOperandColumn, holds: boolean): string {
  return `(case when ${sql} is not null then ${holds} end)`;
}

function placeOf(column: LakeOperandColumn, value: Scalar, lake: LakeSql): Place {
  const { type } = column;
  switch (type.kind) {
    case 'boolean':
    case 'integer':
    case 'uuid':
    case 'enum':
    case 'text':
      return { sql: lake.bind(value as boolean | bigint | string) };
    case 'numeric':
      return decimalPlace(column, value as Decimal, lake);
    case 'date':
      return datePlace(value as bigint, lake);
    case 'timestamp':
    case 'timestamptz':
      return timestampPlace(value as bigint, type.kind === 'timestamptz', lake);
  }
}

function decimalPlace({ name, decimal }: LakeOperandColumn, value: Decimal, lake: LakeSql): Place {
  if (!decimal) throw new UnsupportedPredicate(`the lakehouse keeps ${name} as text: it can't be compared as a number there`, name);
  if (value === '-infinity') return { beyond: 'none' };
  if (typeof value === 'string') return { beyond: 'all' };
  const { precision, scale } = decimal;
  const end: Decimal = { digits: 10n ** BigInt(precision), scale };
  if (compareDecimals(value, end) >= 0) return { beyond: 'all' };
  if (compareDecimals(value, { digits: -end.digits, scale }) <= 0) return { beyond: 'none' };
  const floor = atScale(value, scale);
  // Below the least storable value by a fraction of the last digit.
  if (floor <= -end.digits) return { beyond: 'none' };
  const exact = compareDecimals({ digits: floor, scale }, value) === 0;
  const sql = `cast(${lake.bind(decimalText(floor, scale))} as decimal(${precision},${scale}))`;
  return exact ? { sql } : { sql, between: 'floor' };
}

/** The greatest multiple of `10^-scale` that is not above the value. */
function atScale(value: Exclude<Decimal, string>, scale: number): bigint {
  if (value.scale <= scale) return value.digits * 10n ** BigInt(scale - value.scale);
  const divisor = 10n ** BigInt(value.scale - scale);
  const quotient = value.digits / divisor;
  return value.digits < 0n && quotient * divisor !== value.digits ? quotient - 1n : quotient;
}

export function decimalText(digits: bigint, scale: number): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const sign = digits < 0n ? '-' : '';
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

function datePlace(days: bigint, { dialect, bind }: LakeSql): Place {
  const outside = beyond(days, INT32);
  if (outside) return outside;
  const count = `cast(${bind(days)} as int)`;
  return { sql: dialect === 'duckdb' ? `(date '1970-01-01' + ${count})` : `date_add(date'1970-01-01', ${count})` };
}

function timestampPlace(micros: bigint, zoned: boolean, { dialect, bind }: LakeSql): Place {
  const outside = beyond(micros, INT64 - MICROS_PER_DAY);
  if (outside) return outside;
  const count = bind(micros);
  if (dialect === 'duckdb') return { sql: zoned ? `(make_timestamp(${count}) at time zone 'UTC')` : `make_timestamp(${count})` };
  // The session is in UTC, so the cast changes no digit; timestampadd takes no more than an INT on some runtimes.
  return { sql: zoned ? `timestamp_micros(${count})` : `cast(timestamp_micros(${count}) as timestamp_ntz)` };
}

function beyond(value: bigint, end: bigint): Place | undefined {
  if (value >= end) return { beyond: 'all' };
  return value <= -end ? { beyond: 'none' } : undefined;
}
