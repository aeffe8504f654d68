import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  type DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  HUGEINT,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api';
import type { LakeColumn, LakeType, LakeValue } from '../lake-type.ts';

const MICROS_PER_DAY = 86_400_000_000n;
const INT64 = 2n ** 63n;

/** The first `rowCount` rows of a chunk, values as `LakeValue` says. */
export function rowsOf(chunk: DuckDBDataChunk, columns: readonly LakeColumn[], rowCount = chunk.rowCount): LakeValue[][] {
  const rows = Array.from({ length: rowCount }, (): LakeValue[] => []);
  for (const [index, { type }] of columns.entries()) {
    const read = readerOf(type, chunk.getColumnVector(index).type);
    const values = chunk.getColumnValues(index);
    for (const [row, into] of rows.entries()) into[index] = values[row] === null ? null : read(values[row] as DuckDBValue);
  }
  return rows;
}

function readerOf(type: LakeType, duckdb: DuckDBType): (value: DuckDBValue) => LakeValue {
  if (typeof type !== 'string') {
    if ('decimal' in type) return (value) => String(value);
    return (value) => JSON.stringify(JsonDuckDBValueConverter(value, duckdb, JsonDuckDBValueConverter));
  }
  switch (type) {
    case 'long':
      return (value) => BigInt(value as bigint | number);
    case 'binary':
      return (value) => (value as DuckDBBlobValue).bytes;
    case 'date':
      return (value) => dateText(value as DuckDBDateValue);
    case 'timestamp':
    case 'timestamp_ntz':
      return (value) => timestampText(value as DuckDBTimestampValue | DuckDBTimestampTZValue, type === 'timestamp');
    default:
      return (value) => value as LakeValue;
  }
}

function dateText(value: DuckDBDateValue): string {
  return timestampIso(BigInt(value.days) * MICROS_PER_DAY).slice(0, -'T00:00:00.000000'.length);
}

function timestampText(value: DuckDBTimestampValue | DuckDBTimestampTZValue, zoned: boolean): string {
  if (!value.isFinite) return value.micros > 0n ? 'infinity' : '-infinity';
  return timestampIso(value.micros) + (zoned ? 'Z' : '');
}

/** ISO 8601 with six digits; years beyond 9999 with a sign, as the standard has it. */
function timestampIso(micros: bigint): string {
  const rest = ((micros % 1_000n) + 1_000n) % 1_000n;
  const iso = new Date(Number((micros - rest) / 1_000n)).toISOString();
  return `${iso.slice(0, -1)}${rest.toString().padStart(3, '0')}`;
}

/** Parameters with the types that lose nothing: a whole number is an integer, never a double. */
export function bindings(parameters: Readonly<Record<string, LakeValue>>): { values: Record<string, DuckDBValue>; types: Record<string, DuckDBType> } {
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (value instanceof Uint8Array) {
      values[name] = new DuckDBBlobValue(value);
      types[name] = BLOB;
    } else if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0))) {
      const whole = BigInt(value);
      values[name] = whole;
      types[name] = whole >= -INT64 && whole < INT64 ? BIGINT : HUGEINT;
    } else values[name] = value;
  }
  return { values, types };
}
