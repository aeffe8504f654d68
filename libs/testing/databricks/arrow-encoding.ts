import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { LakeColumn, LakeType, LakeValue } from '#libs/lakehouse/lake-type';
import { sqlOfType } from './lake-type-text.ts';

/** The end-of-stream mark that closes an Arrow IPC stream: 0xFFFFFFFF and a length of zero. */
const END = 8;

/** Arrow without native timestamps, decimals and nested types, as the driver asks for with `useArrowNativeTypes: false`: those are text. */
export class ArrowEncoding {
  readonly #columns: readonly LakeColumn[];
  readonly #schema: Schema;
  /** The IPC schema message. */
  readonly schema: Buffer;

  constructor(columns: readonly LakeColumn[]) {
    this.#columns = columns;
    this.#schema = new Schema(columns.map(({ name, type }) => new Field(name, arrowType(type), true, new Map([['Spark:DataType:SqlName', sqlOfType(type)]]))));
    const empty = Buffer.from(tableToIPC(new Table(this.#schema), 'stream'));
    this.schema = empty.subarray(0, -END);
  }

  /** Rows as one IPC record batch message. */
  batch(rows: readonly (readonly LakeValue[])[]): Buffer {
    const children = this.#columns.map(({ type }, index) => {
      const values = rows.map((row) => arrowValue(type, row[index] ?? null));
      const [data] = vectorFromArray(values, arrowType(type)).data;
      if (!data) throw new TypeError('no data');
      return data;
    });
    const struct = makeData({ type: new Struct(this.#schema.fields), length: rows.length, nullCount: 0, children });
    const stream = Buffer.from(tableToIPC(new Table([new RecordBatch(this.#schema, struct)]), 'stream'));
    return stream.subarray(this.schema.length, -END);
  }
}

function arrowType(type: LakeType): DataType {
  switch (type) {
    case 'long':
      return new Int64();
    case 'integer':
      return new Int32();
    case 'short':
      return new Int16();
    case 'byte':
      return new Int8();
    case 'float':
      return new Float32();
    case 'double':
      return new Float64();
    case 'boolean':
      return new Bool();
    case 'binary':
      return new Binary();
    case 'date':
      return new DateDay();
    default:
      return new Utf8();
  }
}

function arrowValue(type: LakeType, value: LakeValue): unknown {
  if (value === null) return null;
  if (type === 'date') return dateOf(String(value));
  if (type === 'timestamp' || type === 'timestamp_ntz') return sparkTimestamp(String(value));
  return value;
}

function dateOf(text: string): Date {
  return new Date(`${text}T00:00:00Z`);
}

/** Spark's text of a timestamp in a UTC session: a blank, and no more digits than needed. */
function sparkTimestamp(iso: string): string {
  const [date = '', time = ''] = iso.replace(/Z$/, '').split('T');
  const [seconds = '', fraction = ''] = time.split('.');
  const digits = fraction.replace(/0+$/, '');
  return `${date} ${seconds}${digits === '' ? '' : `.${digits}`}`;
}
