import type { ColumnType } from './column-type.ts';
import { compareDecimals, type Decimal, encodedDecimal, inputDecimal } from './decimal.ts';
import { encodedDate, encodedTimestamp, inputDate, inputTimestamp } from './temporal.ts';

/** A value as it is compared. Temporal values and integers are `bigint`. */
export type Scalar = boolean | bigint | string | Exclude<Decimal, string>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const BOOLEAN = new Map([
  ['true', true],
  ['t', true],
  ['false', false],
  ['f', false],
]);
const INTEGER = /^[+-]?\d{1,19}$/;

/**
 * A literal or claim, cast to the column's type. Undefined when it is not in the form that `lakeloop.claim(name, type)` takes for this type
 * (migrations/0006-policy.ts): there are spellings that Postgres alone would read ('yes', '1e3', 'tomorrow'), and both sides refuse them.
 */
export function parseInput(type: ColumnType, text: string): Scalar | undefined {
  switch (type.kind) {
    case 'boolean':
      return BOOLEAN.get(text);
    case 'integer':
      return INTEGER.test(text) ? within(BigInt(text.replace(/^\+/, '')), type.bits) : undefined;
    case 'numeric':
      return inputDecimal(text);
    case 'uuid':
      return UUID.test(text) ? text.toLowerCase() : undefined;
    case 'date':
      return inputDate(text);
    case 'timestamp':
    case 'timestamptz':
      return inputTimestamp(text, type.kind === 'timestamptz');
    case 'enum':
      return type.labels.includes(text) ? text : undefined;
    case 'text':
      return text.includes('\0') ? undefined : text;
  }
}

/** A row's value as envelope.md encodes it; undefined when it is not of that form, which no predicate is true of. */
export function decodeValue(type: ColumnType, value: unknown): Scalar | undefined {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as number | bigint) : undefined;
    case 'numeric':
      return typeof value === 'string' ? encodedDecimal(value) : undefined;
    case 'date':
      return typeof value === 'string' ? encodedDate(value) : undefined;
    case 'timestamp':
    case 'timestamptz':
      return typeof value === 'string' ? encodedTimestamp(value) : undefined;
    case 'uuid':
    case 'enum':
    case 'text':
      return typeof value === 'string' ? value : undefined;
  }
}

/** Negative, zero or positive. Both are of one column type; text and enums are only ever asked whether it is zero. */
export function compareScalars(type: ColumnType, a: Scalar, b: Scalar): number {
  if (type.kind === 'numeric') return compareDecimals(a as Decimal, b as Decimal);
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function within(value: bigint, bits: number): bigint | undefined {
  return BigInt.asIntN(bits, value) === value ? value : undefined;
}
