/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows stand where they are scrolled to, which elements of a table can't: ARIA's grid */
import { type ReactNode, type RefObject, useEffect, useId, useSyncExternalStore } from 'react';
import type { CellState } from '../edit/row-writes.ts';
import { fileLinkOf, FileLinks } from '../files/file-link.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { contains, rectangleOf, type Selection } from '../../sheet/selection.ts';
import type { GridRow } from '../rows/grid-row.ts';
import type { LiveRows } from '../rows/live-rows.ts';
import type { TableRows } from '../rows/table-rows.ts';
import type { Sort } from '../view/table-view.ts';
import type { CellHandlers } from './cell-handlers.ts';
import { GUTTER } from './drawn-columns.ts';
import { GridHead } from './grid-head.tsx';
import { GridLine } from './grid-line.tsx';
import { drawnHeight } from './scroll-space.ts';
import type { useAcross } from './use-across.ts';
import { HEAD_HEIGHT, ROW_HEIGHT, type useScroll } from './use-scroll.ts';
import type { useSheet } from './use-sheet.ts';

export interface DataGridProps extends Pick<CellHandlers, 'onKeep' | 'onSettle'> {
  label: string;
  columns: readonly GridColumn[];
  widths: readonly number[];
  rows: TableRows;
  live: LiveRows;
  cells: ReadonlyMap<string, CellState>;
  sorts: readonly Sort[];
  sheet: ReturnType<typeof useSheet>;
  scroll: ReturnType<typeof useScroll>;
  across: ReturnType<typeof useAcross>;
  scrollerRef: RefObject<HTMLDivElement | null>;
  sheetRef: RefObject<HTMLDivElement | null>;
  labelOf: (column: GridColumn, row: GridRow) => string | undefined;
  /** Below the heads, where there are no rows. */
  empty: ReactNode;
  onSort: (column: GridColumn, add: boolean) => void;
  onResize: (column: GridColumn, px: number) => void;
}

/** Rows beyond what is seen that are drawn, so that a step shows no gap. */
const DRAWN_BEYOND = 6;
/** And that are read. */
const READ_BEYOND = 40;

/** A spreadsheet over a table of any length: read and drawn where it is seen, walked and edited by keys. */
export function DataGrid(props: DataGridProps) {
  const { columns, widths, rows, sheet, scroll, across, scrollerRef, sheetRef } = props;
  const id = useId();
  const { total } = useSyncExternalStore(rows.subscribe, rows.view);
  const { seen } = scroll;
  useEffect(() => rows.want({ first: Math.max(0, seen.first - READ_BEYOND), last: seen.last + READ_BEYOND }), [rows, seen.first, seen.last]);
  const { selection } = sheet;
  const rectangle = rectangleOf(selection);
  const width = GUTTER + widths.reduce((sum, px) => sum + px, 0);
  const onScroll = (): void => {
    scroll.onScroll();
    across.onScroll();
  };
  return (
    <div ref={scrollerRef} className="panel data-scroller" onScroll={onScroll}>
      <div
        ref={sheetRef}
        className="data-grid"
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={total.exact ? total.rows + 1 : -1}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        aria-readonly={!columns.some(({ editable }) => editable)}
        aria-activedescendant={`${id}-${selection.focus.row}-${selection.focus.column}`}
        style={{ height: HEAD_HEIGHT + drawnHeight(total.rows * ROW_HEIGHT), width, ['--columns' as string]: templateOf(widths) }}
        {...sheet.handlers}
      >
        <GridHead {...props} drawn={across.drawn} left={rectangle.left} right={rectangle.right} />
        <Lines {...props} id={id} count={total.rows} />
      </div>
      {props.empty}
    </div>
  );
}

function Lines({ id, count, ...props }: DataGridProps & { id: string; count: number }) {
  const { rows, sheet, scroll } = props;
  const { flashes } = useSyncExternalStore(props.live.subscribe, props.live.view);
  const { selection, editing } = sheet;
  return (
    <FileLinks value={fileLinkOf(rows.source)}>
      <div role="rowgroup">
        {linesOf(scroll.seen, count, editing && rows.indexOf(editing.rowKey)).map((index) => {
          const row = rows.at(index);
          return (
            <GridLine
              key={row?.key ?? `#${index}`}
              id={`${id}-${index}`}
              index={index}
              top={HEAD_HEIGHT + index * ROW_HEIGHT - scroll.seen.shift}
              row={row}
              columns={props.columns}
              drawn={props.across.drawn}
              cells={props.cells}
              flash={row && flashes.get(row.key)}
              editing={row && editing?.rowKey === row.key ? editing : undefined}
              focus={selection.focus.row === index ? selection.focus.column : undefined}
              selected={selectedIn(selection, index)}
              labelOf={props.labelOf}
              onKeep={props.onKeep}
              onGiveUp={sheet.end}
              onSettle={props.onSettle}
            />
          );
        })}
      </div>
    </FileLinks>
  );
}

/** Indices to draw. A row that is being edited stays, wherever one scrolls. */
function linesOf(seen: { first: number; last: number }, count: number, edited: number | undefined): number[] {
  const [first, last] = [Math.max(0, seen.first - DRAWN_BEYOND), Math.min(count - 1, seen.last + DRAWN_BEYOND)];
  const lines = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  return edited === undefined || (edited >= first && edited <= last) ? lines : [...lines, edited];
}

function selectedIn(selection: Selection, index: number): string | undefined {
  const rectangle = rectangleOf(selection);
  return contains(rectangle, index, rectangle.left) ? `${rectangle.left}-${rectangle.right}` : undefined;
}

function templateOf(widths: readonly number[]): string {
  return `${GUTTER}px ${widths.map((px) => `${px}px`).join(' ')}`;
}
