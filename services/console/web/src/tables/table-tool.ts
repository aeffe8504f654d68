import type { ComponentType } from 'react';
import type { TableDescription } from '#contracts/http/tables';

/** What a panel of a table's page is given. It draws its own drawer or dialog, and is there only while it is open. */
export interface TableToolProps {
  table: TableDescription;
  /** The primary key of the row that the grid's focus is on, by column; undefined where there is none. */
  rowKey: Readonly<Record<string, unknown>> | undefined;
  /** What the grid shows of the table: filters and order, as the row API takes them. */
  query: URLSearchParams;
  close: () => void;
  /** To be called after something changed the rows otherwise than the grid did: they are read again. */
  refresh: () => void;
}

/** A button in the toolbar of a table's page, and the panel that it opens. */
export interface TableTool {
  /** In the address, as `?panel=<name>`: an open panel can be shared. */
  name: string;
  title: string;
  icon: ComponentType<{ size?: number | string }>;
  /** Whether this person is offered it; default: everybody. */
  shown?: (table: TableDescription) => boolean;
  Panel: ComponentType<TableToolProps>;
}

/** A button above the list of tables, and what it opens. */
export interface ListTool {
  name: string;
  title: string;
  icon: ComponentType<{ size?: number | string }>;
  Panel: ComponentType<{ tables: readonly TableDescription[]; close: () => void }>;
}
