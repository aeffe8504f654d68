/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows stand where they are scrolled to, which elements of a table can't: ARIA's grid */
import { memo } from 'react';
import type { GridColumn } from '../columns/grid-column.ts';
import { cellId, type CellState } from '../edit/row-writes.ts';
import type { GridRow } from '../rows/grid-row.ts';
import type { Flash } from '../rows/live-rows.ts';
import type { CellHandlers } from './cell-handlers.ts';
import { type DrawnColumns, placesOf, styleAt } from './drawn-columns.ts';
import { GridCell } from './grid-cell.tsx';
import type { Editing } from './use-sheet.ts';

interface GridLineProps extends CellHandlers {
  id: string;
  index: number;
  top: number;
  /** Undefined: not read yet. */
  row: GridRow | undefined;
  columns: readonly GridColumn[];
  drawn: DrawnColumns;
  cells: ReadonlyMap<string, CellState>;
  flash: Flash | undefined;
  editing: Editing | undefined;
  /** Column that the focus is on, where it is on this row. */
  focus: number | undefined;
  /** Selected columns, as `<first>-<last>`. */
  selected: string | undefined;
  labelOf: (column: GridColumn, row: GridRow) => string | undefined;
}

/** One row: its number, and its cells. */
export const GridLine = memo(function GridLine(props: GridLineProps) {
  const { id, index, top, row, columns, drawn, flash, focus, selected, editing } = props;
  const [first = -1, last = -1] = selected?.split('-').map(Number) ?? [];
  const edited = editing ? columns.findIndex(({ name }) => name === editing.column) : -1;
  const held = [focus ?? -1, edited].filter((at) => at >= 0);
  const fresh = flash && flash.columns.size === 0;
  return (
    <div role="row" aria-rowindex={index + 2} className={row ? 'data-row' : 'data-row waiting'} style={{ top }} aria-busy={row ? undefined : true}>
      <div role="rowheader" aria-colindex={1} className="gutter" data-row={index} title={fresh ? `New, by ${flash.who ?? 'somebody'}` : undefined}>
        {(index + 1).toLocaleString()}
      </div>
      {placesOf(drawn, held).map((at) => {
        const column = columns[at];
        return (
          column && (
            <GridCell
              key={column.name}
              id={`${id}-${at}`}
              at={{ row: index, column: at }}
              place={styleAt(at, drawn)}
              row={row}
              column={column}
              state={row && props.cells.get(cellId(row.key, column.name))}
              flash={flash && (fresh || flash.columns.has(column.name)) ? flash : undefined}
              focused={focus === at}
              selected={at >= first && at <= last}
              editing={editing?.column === column.name ? editing : undefined}
              label={row && column.kind === 'reference' ? props.labelOf(column, row) : undefined}
              onKeep={props.onKeep}
              onGiveUp={props.onGiveUp}
              onSettle={props.onSettle}
            />
          )
        );
      })}
    </div>
  );
}, sameLine);

/** Handlers change with every drawing, and mean the same: only what is seen counts. The row that keys act on is always drawn. */
function sameLine(a: GridLineProps, b: GridLineProps): boolean {
  if (a.focus !== undefined || b.focus !== undefined || a.editing || b.editing) return false;
  return (
    a.id === b.id &&
    a.top === b.top &&
    a.row === b.row &&
    a.columns === b.columns &&
    a.drawn === b.drawn &&
    a.cells === b.cells &&
    a.flash === b.flash &&
    a.selected === b.selected &&
    a.labelOf === b.labelOf
  );
}
