import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import type { ConnectionView } from '../../live/connection.ts';
import { useFollowed } from '../../live/use-followed.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { RowWrites } from '../edit/row-writes.ts';
import { LiveChanges } from '../rows/live-changes.ts';
import { LiveRows } from '../rows/live-rows.ts';
import { RowSource } from '../rows/row-source.ts';
import { TableRows } from '../rows/table-rows.ts';
import { filterConditions } from '../view/filter-query.ts';
import { rowOrder } from '../view/row-order.ts';
import type { Filter, Sort } from '../view/table-view.ts';

export interface Stores {
  rows: TableRows;
  writes: RowWrites;
  live: LiveRows;
  changes: LiveChanges;
}

/** The rows of a table under a view's filters and order, this page's writes to them, and what others do. */
export function useStores(
  table: TableDescription,
  columns: readonly GridColumn[],
  { sorts, filters }: { sorts: readonly Sort[]; filters: readonly Filter[] },
): Stores {
  const { schema, name, key } = table;
  const stores = useMemo(() => {
    const byName = new Map(columns.map((column) => [column.name, column]));
    const query = { schema, table: name, key, columns, order: rowOrder(sorts, key, byName), conditions: filterConditions({ filters }, byName) };
    const rows = new TableRows(new RowSource(query));
    const writes = new RowWrites(rows);
    const live = new LiveRows(rows, writes.own);
    const keyColumns = columns.filter((column) => key.includes(column.name));
    const changes = new LiveChanges({ schema, table: name, key: keyColumns }, { touched: live.touched, missed: () => rows.reload() });
    return { rows, writes, live, changes };
  }, [schema, name, key, columns, sorts, filters]);
  useEffect(() => {
    stores.rows.count();
    return () => {
      stores.rows.stop();
      stores.live.stop();
    };
  }, [stores]);
  useFollowed(stores.changes);
  return stores;
}

export function useConnection({ changes }: Stores): ConnectionView {
  return useSyncExternalStore(changes.subscribe, changes.view);
}
