import { type ColumnDraft, EMPTY, lacksOf, specOf } from './column-draft.ts';
import type { NewTable } from '#libs/client/tables/table-edit';

/** A new table as its form has it. */
export interface TableDraft {
  schema: string;
  label: string;
  name: string;
  description: string;
  columns: readonly ColumnDraft[];
  /** Column that is the key; empty: a numbered `id`. */
  key: string;
}

export function emptyTable(schema: string): TableDraft {
  return { schema, label: '', name: '', description: '', columns: [EMPTY], key: '' };
}

/** What the form still lacks. */
export function lacksOfTable({ name, columns }: TableDraft): { any: boolean; name: string | undefined } {
  const lacking = name.trim() === '' ? 'A table has a name.' : new TextEncoder().encode(name.trim()).length > 63 ? 'At most 63 bytes.' : undefined;
  return { any: lacking !== undefined || columns.some((column) => Object.keys(lacksOf(column)).length > 0), name: lacking };
}

/** The table that a complete form describes. A key that is no column any more is none. */
export function newTableOf({ schema, label, name, description, columns, key }: TableDraft): NewTable {
  const specs = columns.map(specOf);
  return {
    schema,
    name: name.trim(),
    ...(label.trim() === '' ? {} : { label: label.trim() }),
    ...(description.trim() === '' ? {} : { description: description.trim() }),
    columns: specs,
    ...(specs.some((column) => column.name === key) ? { key: [key] } : {}),
  };
}
