import { rowsOf } from '../../conformance/rows.conformance.ts';
import type { LakeColumn, LakeValue } from '../../lake-type.ts';
import type { Lakehouse, LakeTable } from '../../lakehouse.ts';
import { describeType } from '../schema.ts';

/** One version of a table, in texts that outsiders can compare (canonical.py, CheckTables.java). */
export interface TableVersion {
  name: string;
  version: number;
  /** Names and Delta types, in order. */
  columns: [string, string][];
  partitionBy: string[];
  /** Sorted by their JSON. */
  rows: unknown[][];
}

export async function readVersion(lake: Lakehouse, table: LakeTable, version: bigint): Promise<TableVersion> {
  const relation = await lake.relation(table, { version });
  const { columns, partitionBy } = relation.state;
  try {
    const rows = await rowsOf(await lake.query({ sql: `select * from ${relation.sql} r` }));
    return {
      name: table.name,
      version: Number(version),
      columns: columns.map(({ name, type }) => [name, describeType(type)]),
      partitionBy: [...partitionBy],
      rows: canonicalRows(rows, columns),
    };
  } finally {
    await relation.release();
  }
}

function canonicalRows(rows: readonly LakeValue[][], columns: readonly LakeColumn[]): unknown[][] {
  const texts = rows.map((row) => row.map((value, index) => canonical(value, columns[index] as LakeColumn)));
  return texts.toSorted((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
}

/** JSON in ASCII, as Python's `json.dumps` writes it. */
export function sortKey(row: readonly unknown[]): string {
  return JSON.stringify(row).replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function canonical(value: LakeValue, { type }: LakeColumn): unknown {
  if (value === null) return null;
  if (type === 'float' || type === 'double') return Number.isNaN(value) ? 'NaN' : hexOf(value as number);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint' || typeof value === 'number') return String(value);
  if (typeof type === 'object' && 'other' in type) return JSON.parse(value as string);
  return value;
}

function hexOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
