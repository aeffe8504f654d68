import { RecordBatchReader } from 'apache-arrow';
import { Failure } from '#libs/failure/failure';
import type { LakeColumn, LakeType, LakeValue } from '../lake-type.ts';
import { lakeTypeOfSql } from './sql-types.ts';

/** Where a warehouse writes a column's SQL type: Thrift's own type ids do not tell TIMESTAMP from TIMESTAMP_NTZ. */
const SQL_NAME = 'Spark:DataType:SqlName';

/** A result's columns from its Arrow schema message. Two of one name are refused: the driver gives rows by name and would lose one. */
export function columnsOfArrow(schema: Uint8Array): LakeColumn[] {
  const columns = RecordBatchReader.from([schema])
    .open()
    .schema.fields.map(({ name, metadata }): LakeColumn => ({ name, type: lakeTypeOfSql(metadata.get(SQL_NAME) ?? 'STRING') }));
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index);
  if (twice) throw new Failure('invalid-input', `the query has two columns ${twice.name}: give one of them another name`);
  return columns;
}

/** Turns the driver's row objects into rows of `LakeValue`. */
export function rowReader(columns: readonly LakeColumn[]): (row: object) => LakeValue[] {
  const readers = columns.map(({ name, type }) => ({ name, read: readerOf(type) }));
  return (row) => {
    const values = row as Record<string, unknown>;
    return readers.map(({ name, read }) => {
      const value = values[name];
      return value === null || value === undefined ? null : read(value);
    });
  };
}

function readerOf(type: LakeType): (value: unknown) => LakeValue {
  if (typeof type !== 'string') return 'decimal' in type ? String : (value) => (typeof value === 'string' ? value : JSON.stringify(value));
  switch (type) {
    case 'long':
      return (value) => BigInt(value as bigint | number);
    case 'date':
      return (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value));
    case 'timestamp':
      return (value) => `${isoTimestamp(String(value))}Z`;
    case 'timestamp_ntz':
      return (value) => isoTimestamp(String(value));
    default:
      return (value) => value as LakeValue;
  }
}

/** Spark's text of a timestamp (`2026-01-31 08:00:00.12`; the session is in UTC) in ISO 8601 with six digits. */
function isoTimestamp(text: string): string {
  const [seconds = '', fraction = ''] = text.replace(' ', 'T').split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}`;
}
