import { createContext } from 'react';
import { keyJson } from '../edit/batch.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import type { GridRow } from '../rows/grid-row.ts';
import type { RowSource } from '../rows/row-source.ts';

/** Where the file of a cell is downloaded. */
export type FileLink = (row: GridRow, column: GridColumn) => string;

export function fileLinkOf(source: RowSource): FileLink {
  const { schema, table } = source.query;
  return (row, { name }) => `/v1/files/${encodeURIComponent(`${schema}.${table}`)}/${encodeURIComponent(name)}?key=${encodeURIComponent(keyJson(source, row))}`;
}

export const FileLinks = createContext<FileLink>(() => '');
