import { useHotkeys } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  type Header,
  type OnChangeFn,
  type Row,
  type SortingState,
  useReactTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef, useState } from 'react';

declare module '@tanstack/react-table' {
  interface ColumnMeta<TData, TValue> {
    numeric?: boolean;
    /** Never cut off. */
    whole?: boolean;
    /** Left out where the window is narrow. */
    wideOnly?: boolean;
  }
}

export interface ListTableProps<T> {
  /** Accessible name. */
  label: string;
  data: T[];
  columns: ColumnDef<T>[];
  rowId: (row: T) => string;
  sorting: SortingState;
  onSorting: OnChangeFn<SortingState>;
  /** The server has sorted already. */
  manualSorting?: boolean;
  onOpen: (row: T) => void;
  /** Called with F on the chosen row. */
  onFlag?: (row: T) => void;
  /** Rows that just changed are highlighted softly. */
  isFresh?: (row: T) => boolean;
  empty: ReactNode;
}

const ROW_HEIGHT = 45;

/** A long list: sorted by its heads, drawn only where it is seen, walked with J and K, opened with Enter. */
export function ListTable<T>(props: ListTableProps<T>) {
  // oxlint-disable-next-line react/incompatible-library -- there is no React compiler here to mislead
  const table = useReactTable({
    data: props.data,
    columns: props.columns,
    state: { sorting: props.sorting },
    onSortingChange: props.onSorting,
    manualSorting: props.manualSorting ?? false,
    getRowId: props.rowId,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const { rows } = table.getRowModel();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 12 });
  const chosen = useChosenRow(rows, (index) => virtual.scrollToIndex(index, { align: 'auto' }), props);
  const shown = virtual.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <section className="panel scroller" ref={scroller} aria-label={`${props.label}, scrollable`}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- rows are walked and opened with keys: ARIA's grid */}
      <table className="list" role="grid" aria-label={props.label} aria-rowcount={rows.length + 1}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <Head key={header.id} header={header} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {shown.map(({ index }) => {
            const row = rows[index];
            return (
              row && (
                <Line key={row.id} row={row} index={index} chosen={row.id === chosen.id} fresh={props.isFresh?.(row.original) ?? false} open={props.onOpen} />
              )
            );
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
      {rows.length === 0 && props.empty}
    </section>
  );
}

function Head<T>({ header }: { header: Header<T, unknown> }) {
  const { column } = header;
  const sorted = column.getIsSorted();
  const title = flexRender(column.columnDef.header, header.getContext());
  return (
    <th scope="col" className={classOf(column.columnDef.meta)} aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}>
      {column.getCanSort() ? (
        <button type="button" onClick={column.getToggleSortingHandler()}>
          {title}
          {sorted === 'asc' && <IconArrowUp size={14} aria-hidden />}
          {sorted === 'desc' && <IconArrowDown size={14} aria-hidden />}
        </button>
      ) : (
        <span>{title}</span>
      )}
    </th>
  );
}

function Line<T>({ row, index, chosen, fresh, open }: { row: Row<T>; index: number; chosen: boolean; fresh: boolean; open: (row: T) => void }) {
  return (
    <tr
      aria-current={chosen || undefined}
      aria-rowindex={index + 2}
      className={fresh ? 'fresh' : undefined}
      onClick={(event) => (isControl(event.target) ? undefined : open(row.original))}
    >
      {row.getVisibleCells().map((cell) => (
        <td key={cell.id} className={classOf(cell.column.columnDef.meta)}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </td>
      ))}
    </tr>
  );
}

/** The row that keys act on; it stays the same row while others come and go. */
function useChosenRow<T>(rows: Row<T>[], scrollTo: (index: number) => void, { onOpen, onFlag }: Pick<ListTableProps<T>, 'onOpen' | 'onFlag'>) {
  const [chosen, setChosen] = useState<{ id: string; index: number }>();
  const found = rows.findIndex((row) => row.id === chosen?.id);
  // A row that is gone leaves its place to the one that moved there.
  const index = found >= 0 || chosen === undefined ? found : Math.min(chosen.index, rows.length - 1);
  const go = (to: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[next];
    if (!row) return;
    setChosen({ id: row.id, index: next });
    scrollTo(next);
  };
  const act = (handler: ((row: T) => void) | undefined) => (): void => {
    const row = rows[index];
    if (row) handler?.(row.original);
  };
  const free = (handler: () => void) => (event: KeyboardEvent) => (isControl(event.target) ? undefined : handler());
  useHotkeys([
    ['J', () => go(index + 1)],
    ['ArrowDown', free(() => go(index + 1)), { preventDefault: false }],
    ['K', () => go(index - 1)],
    ['ArrowUp', free(() => go(index - 1)), { preventDefault: false }],
    ['Enter', free(act(onOpen)), { preventDefault: false }],
    ['F', act(onFlag)],
  ]);
  return { id: rows[index]?.id };
}

function isControl(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('a, button, input, textarea, select, [role="menuitem"], [role="option"], [role="dialog"], [role="tab"]') !== null
  );
}

function classOf(meta: { numeric?: boolean; whole?: boolean; wideOnly?: boolean } | undefined): string | undefined {
  return [meta?.numeric ? 'number' : '', meta?.whole ? 'whole' : '', meta?.wideOnly ? 'wide-only' : ''].filter(Boolean).join(' ') || undefined;
}
