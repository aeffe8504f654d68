import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import type { ConnectionView } from '../../live/connection.ts';
import { useFollowed } from '../../live/use-followed.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { RowWrites } from '../edit/row-writes.ts';
import { tellLost } from '../edit/tell-lost.ts';
import { LiveChanges } from '../rows/live-changes.ts';
import { LiveRows } from '../rows/live-rows.ts';
import { type RowQuery, RowSource } from '../rows/row-source.ts';
import { TableRows } from '../rows/table-rows.ts';
import { filterConditions } from '../view/filter-query.ts';
import { rowOrder } from '../view/row-order.ts';
import { PLAIN_VIEW, type TableView, viewOf, viewText } from '../view/table-view.ts';

export interface Stores {
  rows: TableRows;
  writes: RowWrites;
  live: LiveRows;
  changes: LiveChanges;
}

export interface Shape {
  columns: readonly GridColumn[];
  /** Names of columns that the table calls otherwise now, by the name before. */
  renamed: ReadonlyMap<string, string>;
  /** The table may be built otherwise now. */
  onEdited: () => void;
}

/** The rows of a table under a view's filters and order, this page's writes to them, and what others do. They outlive an edit of its columns. */
export function useStores({ schema, name, key }: TableDescription, { columns, renamed, onEdited }: Shape, view: TableView): Stores {
  // What else a view says moves no row.
  const text = viewText({ ...PLAIN_VIEW, sorts: view.sorts, filters: view.filters });
  const query = useMemo(() => rowQuery({ schema, table: name, key, columns }, viewOf(new URLSearchParams(text))), [schema, name, key, columns, text]);
  const identity = JSON.stringify([schema, name, key, text]);
  const [held, hold] = useState(() => ({ identity, stores: openStores(query, onEdited) }));
  if (held.identity !== identity) hold({ identity, stores: openStores(query, onEdited) });
  const { stores } = held;
  useEffect(() => {
    stores.rows.count();
    return () => {
      stores.rows.stop();
      stores.live.stop();
    };
  }, [stores]);
  useEffect(() => {
    if (stores.rows.source.query.columns === query.columns) return;
    void stores.rows.reshape(new RowSource(query));
    stores.writes.reshape(renamed);
  }, [stores, query, renamed]);
  useFollowed(stores.changes);
  return stores;
}

function openStores(query: RowQuery, edited: () => void): Stores {
  const rows = new TableRows(new RowSource(query));
  const writes = new RowWrites(rows, tellLost);
  const live = new LiveRows(rows, writes.own);
  const { schema, table, key, columns } = query;
  const followed = { schema, table, key: columns.filter((column) => key.includes(column.name)) };
  return { rows, writes, live, changes: new LiveChanges(followed, { touched: live.touched, missed: () => rows.reload(), edited }) };
}

function rowQuery(of: Pick<RowQuery, 'schema' | 'table' | 'key' | 'columns'>, { sorts, filters }: TableView): RowQuery {
  const byName = new Map(of.columns.map((column) => [column.name, column]));
  return { ...of, order: rowOrder(sorts, of.key, byName), conditions: filterConditions({ filters }, byName) };
}

export function useConnection({ changes }: Stores): ConnectionView {
  return useSyncExternalStore(changes.subscribe, changes.view);
}
