import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { SavedViews } from '#contracts/http/table-views';
import type { TableDescription } from '#contracts/http/tables';
import { rectangleOf } from '../sheet/selection.ts';
import { Message, Problem } from '../shell/message.tsx';
import { type GridColumn, gridColumns } from './columns/grid-column.ts';
import { AddRowDrawer } from './edit/add-row-drawer.tsx';
import { DeleteRowsDialog } from './edit/delete-rows-dialog.tsx';
import { useReferenceLabels } from './editors/use-reference-labels.ts';
import { DataGrid } from './grid/data-grid.tsx';
import { GridBar } from './grid/grid-bar.tsx';
import './grid/grid.css';
import { useGridActs } from './grid/use-grid-acts.ts';
import { useAcross } from './grid/use-across.ts';
import { useScroll } from './grid/use-scroll.ts';
import { useSheet } from './grid/use-sheet.ts';
import { type Stores, useConnection, useStores } from './grid/use-stores.ts';
import type { CellHandlers } from './grid/cell-handlers.ts';
import type { TableView } from './view/table-view.ts';
import { PasteDialog } from './paste/paste-dialog.tsx';
import { type GridRow, keyOf } from './rows/grid-row.ts';
import { titleOf } from './table-list.ts';
import { useShownStream } from './shown-stream.ts';
import { sortedBy } from './view/sorts.ts';
import { type Looked, shownColumns, widthOf } from './view/use-table-view.ts';

interface RowsPanelProps {
  table: TableDescription;
  /** Names of columns that it calls otherwise than before, by the name before. */
  renamed: ReadonlyMap<string, string>;
  saved: SavedViews;
  looked: Looked;
  /** Another number: the rows are read again. */
  epoch: number;
  /** The table may be built otherwise now. */
  onEdited: () => void;
  /** Told the key of the row that the focus is on. */
  onRow: (key: Readonly<Record<string, unknown>> | undefined) => void;
}

/** The rows of a table: its grid, what narrows and orders it, and what is done with it. */
export function RowsPanel({ table, renamed, saved, looked, epoch, onEdited, onRow }: RowsPanelProps) {
  const { view, change } = looked;
  const all = useGridColumns(table);
  const stores = useStores(table, { columns: all, renamed, onEdited }, view);
  const { rows, writes, live } = stores;
  useShownStream(useConnection(stores));
  useReread(rows, epoch);
  const { total, error, ready } = useSyncExternalStore(rows.subscribe, rows.view);
  const cells = useSyncExternalStore(writes.subscribe, writes.view);
  const grid = useGrid(table, { all, renamed, view, stores });
  const { sheet, acts } = grid;
  useFocusedRow(onRow, table.key, rows.at(sheet.selection.focus.row));
  const { top, bottom } = rectangleOf(sheet.selection);
  const [deleting, setDeleting] = useState<readonly GridRow[]>();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <GridBar
        {...{ table, all, stores, saved, looked }}
        selectedRows={bottom - top + 1}
        onAdd={() => setAdding(true)}
        onDelete={() => void rows.ensure(top, bottom).then(() => setDeleting(loaded(rows, top, bottom)))}
        onGo={grid.goTo}
        undo={acts.sheet.undo}
      />
      {error !== undefined && !ready ? (
        <Problem error={error} retry={() => rows.retry()} />
      ) : (
        <DataGrid
          label={titleOf(table)}
          {...{ ...grid, rows, live, cells }}
          sorts={view.sorts}
          onSort={(column, add) => change({ sorts: sortedBy(view.sorts, column.name, add) })}
          onResize={(column, px) => change({ widths: { ...view.widths, [column.name]: px } })}
          empty={ready && total.rows === 0 ? <Empty table={table} filtered={view.filters.length > 0} /> : undefined}
        />
      )}
      <PasteDialog plan={acts.plan} columns={writes.columns} write={acts.write} words={acts.words} close={grid.backFrom(() => acts.setPlan(undefined))} />
      <DeleteRowsDialog rows={deleting} close={grid.backFrom(() => setDeleting(undefined))} remove={acts.remove} words={acts.words} />
      <AddRowDrawer
        opened={adding}
        close={grid.backFrom(() => setAdding(false))}
        columns={all}
        words={acts.words}
        add={async (values) => grid.goTo(await acts.add(values))}
      />
    </>
  );
}

interface GridContext {
  all: readonly GridColumn[];
  renamed: ReadonlyMap<string, string>;
  view: TableView;
  stores: Stores;
}

/** Columns, place and selection of the grid, and what its keys do. */
function useGrid(table: TableDescription, { all, renamed, view, stores }: GridContext) {
  const { rows } = stores;
  const columns = useMemo(() => shownColumns(all, view), [all, view]);
  const widths = useMemo(() => columns.map((column) => widthOf(column, view)), [columns, view]);
  const scrollerRef = useRef<HTMLDivElement>(null);
  const sheetRef = useRef<HTMLDivElement>(null);
  const count = rows.view().total.rows;
  const scroll = useScroll(scrollerRef, count);
  const across = useAcross(scrollerRef, columns, widths);
  useEffect(() => {
    // Other rows, or another order: they are looked at from their top.
    if (!stores.rows.view().ready) scrollerRef.current?.scrollTo({ top: 0 });
  }, [stores]);
  const acts = useGridActs(table, stores, columns);
  const sheet = useSheet({
    columns,
    renamed,
    count,
    at: (index) => rows.at(index),
    indexOf: (key) => rows.indexOf(key),
    page: scroll.seen.page,
    scrollTo: scroll.scrollTo,
    scrollToColumn: across.scrollTo,
    sheet: sheetRef,
    acts: acts.sheet,
  });
  const labelOf = useReferenceLabels(columns, drawnRows(rows, scroll.seen));
  const goTo = (row: number | undefined): void => {
    if (row !== undefined) sheet.select({ focus: { row, column: 0 }, anchor: { row, column: 0 } });
    sheet.focusGrid();
  };
  const handlers: Pick<CellHandlers, 'onKeep' | 'onSettle'> = {
    onKeep: (row, column, reading, text, key) => {
      acts.keep({ row, column, base: sheet.editing?.base ?? null }, reading, text);
      sheet.end();
      if (key) sheet.go(key);
    },
    onSettle: (row, column, choice) => {
      acts.settle(row, column, choice);
      sheet.focusGrid();
    },
  };
  const backFrom = (close: () => void) => (): void => {
    close();
    sheet.focusGrid();
  };
  return { columns, widths, scrollerRef, sheetRef, scroll, across, acts, sheet, labelOf, goTo, backFrom, ...handlers };
}

function Empty({ table: { may }, filtered }: { table: TableDescription; filtered: boolean }) {
  if (filtered) return <Message title="No row is like that">Take a filter away to see more.</Message>;
  return <Message title="No rows yet">{may.insert ? 'Add a row, or paste some from a spreadsheet.' : 'Nobody has put anything here yet.'}</Message>;
}

/** The same columns as long as nothing of them has changed: a description read again says another number of rows at the least. */
function useGridColumns({ columns, key, may, archived }: TableDescription): GridColumn[] {
  return useMemo(() => gridColumns({ columns, key, may, archived }), [columns, key, may, archived]);
}

function useFocusedRow(onRow: RowsPanelProps['onRow'], key: readonly string[], row: GridRow | undefined): void {
  useEffect(() => onRow(row && keyOf(key, row)), [onRow, key, row]);
}

function useReread(rows: { reload: () => void }, epoch: number): void {
  const read = useRef(epoch);
  useEffect(() => {
    if (read.current !== epoch) rows.reload();
    read.current = epoch;
  }, [rows, epoch]);
}

function drawnRows(rows: { at: (index: number) => GridRow | undefined }, { first, last }: { first: number; last: number }): (GridRow | undefined)[] {
  return Array.from({ length: last - first + 1 }, (_, at) => rows.at(first + at));
}

function loaded(rows: { at: (index: number) => GridRow | undefined }, first: number, last: number): GridRow[] {
  return drawnRows(rows, { first, last }).filter((row) => row !== undefined);
}
