import { createContext } from 'react';
import { keyText } from '#libs/client/history/row-key';
import type { GridColumn } from '../columns/grid-column.ts';
import { type GridRow, keyOf } from '../rows/grid-row.ts';
import type { RowSource } from '../rows/row-source.ts';

/** Where the file of a cell is downloaded. */
export type FileLink = (row: GridRow, column: GridColumn) => string;

export function fileLinkOf(source: RowSource): FileLink {
  const { schema, table, key } = source.query;
  const path = `/v1/files/${encodeURIComponent(`${schema}.${table}`)}`;
  return (row, { name }) => `${path}/${encodeURIComponent(name)}?key=${encodeURIComponent(keyText(keyOf(key, row)))}`;
}

export const FileLinks = createContext<FileLink>(() => '');
