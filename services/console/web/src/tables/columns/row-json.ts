import { type JsonValue, stringifyJson } from '#contracts/topics/json';
import type { CellValue, GridColumn } from './grid-column.ts';

function isJson(column: GridColumn | undefined): boolean {
  return column?.valueKind === 'json' || column?.valueKind === 'file';
}

/** JSON text of a row to write. A JSON column's text goes in as it is; a decimal goes as a string, which PostgreSQL reads with every digit. */
export function rowJson(columns: ReadonlyMap<string, GridColumn>, values: Readonly<Record<string, CellValue>>): string {
  const members = Object.entries(values).map(([name, value]) => {
    const raw = isJson(columns.get(name)) && typeof value === 'string';
    return `${JSON.stringify(name)}:${raw ? value : stringifyJson(value as JsonValue)}`;
  });
  return `{${members.join(',')}}`;
}
