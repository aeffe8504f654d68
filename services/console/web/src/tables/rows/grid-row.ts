import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';

export type Values = Readonly<Record<string, CellValue>>;

/** A row of the grid. The same object as long as nothing of it has changed. */
export interface GridRow {
  /** Its primary key as text. */
  key: string;
  values: Values;
}

export function gridRow(keyColumns: readonly string[], values: Values): GridRow {
  return { key: keyText(keyColumns, values), values };
}

export function keyText(keyColumns: readonly string[], values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(keyColumns.map((name) => plainCell(values[name] as CellValue)));
}

/** The primary key by column. */
export function keyOf(keyColumns: readonly string[], { values }: GridRow): Record<string, CellValue> {
  return Object.fromEntries(keyColumns.map((name) => [name, values[name] ?? null]));
}

export function sameValue(a: CellValue | undefined, b: CellValue | undefined): boolean {
  return a === b || JSON.stringify(a, digits) === JSON.stringify(b, digits);
}

/** Columns of which two states of a row differ. */
export function changedColumns(before: Values, after: Values, columns: readonly GridColumn[]): string[] {
  return columns.filter(({ name }) => !sameValue(before[name], after[name])).map(({ name }) => name);
}

function digits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
