/** The parts of Apache Arrow 13 (the driver's own version) in use. Its package ships types, but its `exports` hide them from Node's module resolution. */
declare module 'apache-arrow' {
  export class DataType {
    readonly typeId: number;
  }
  export class Int8 extends DataType {}
  export class Int16 extends DataType {}
  export class Int32 extends DataType {}
  export class Int64 extends DataType {}
  export class Float32 extends DataType {}
  export class Float64 extends DataType {}
  export class Bool extends DataType {}
  export class Utf8 extends DataType {}
  export class Binary extends DataType {}
  export class DateDay extends DataType {}
  export class Struct extends DataType {
    constructor(fields: readonly Field[]);
  }
  export class Field {
    constructor(name: string, type: DataType, nullable?: boolean, metadata?: Map<string, string>);
    readonly name: string;
    readonly type: DataType;
    readonly metadata: Map<string, string>;
  }
  export class Schema {
    constructor(fields: readonly Field[]);
    readonly fields: readonly Field[];
  }
  export interface Data {
    readonly length: number;
  }
  export interface Vector {
    readonly data: readonly Data[];
  }
  export class RecordBatch {
    constructor(schema: Schema, data: Data);
    readonly numRows: number;
  }
  export class Table {
    constructor(source: Schema | readonly RecordBatch[]);
  }
  export class RecordBatchReader {
    static from(source: Uint8Array | readonly Uint8Array[]): RecordBatchReader;
    open(): this;
    readonly schema: Schema;
  }
  export function makeData(props: { type: DataType; length: number; nullCount: number; children: readonly Data[] }): Data;
  export function vectorFromArray(values: readonly unknown[], type: DataType): Vector;
  export function tableToIPC(table: Table, type: 'stream' | 'file'): Uint8Array;
}
