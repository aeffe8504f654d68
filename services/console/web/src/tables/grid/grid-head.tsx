/* oxlint-disable jsx-a11y/prefer-tag-over-role -- rows stand where they are scrolled to, which elements of a table can't: ARIA's grid */
import { IconArrowDown, IconArrowUp, IconKey, IconLock } from '@tabler/icons-react';
import type { PointerEvent } from 'react';
import { type GridColumn, isSortable } from '../columns/grid-column.ts';
import { type Sort, clampWidth } from '../view/table-view.ts';
import { type DrawnColumns, placesOf, styleAt } from './drawn-columns.ts';

interface GridHeadProps {
  columns: readonly GridColumn[];
  widths: readonly number[];
  drawn: DrawnColumns;
  sorts: readonly Sort[];
  /** Columns that the selection crosses. */
  left: number;
  right: number;
  onSort: (column: GridColumn, add: boolean) => void;
  onResize: (column: GridColumn, px: number) => void;
}

/** Names of the columns: a click orders by one, with Shift by several; the edge makes it wider. */
export function GridHead({ columns, widths, drawn, sorts, left, right, onSort, onResize }: GridHeadProps) {
  return (
    <div role="row" aria-rowindex={1} className="data-row data-head">
      <div role="columnheader" aria-label="Row" aria-colindex={1} className="gutter" />
      {placesOf(drawn).map((at) => {
        const column = columns[at];
        if (!column) return undefined;
        const sort = sorts.find((each) => each.column === column.name);
        const classes = [column.numeric ? 'number' : '', at >= left && at <= right ? 'crossed' : '', at < drawn.frozen ? 'frozen' : '']
          .filter(Boolean)
          .join(' ');
        return (
          <div
            key={column.name}
            role="columnheader"
            aria-label={column.title}
            aria-colindex={at + 2}
            aria-sort={sort ? (sort.descending ? 'descending' : 'ascending') : undefined}
            className={classes || undefined}
            style={styleAt(at, drawn)}
            title={[column.title, column.spec.description, column.sqlType].filter(Boolean).join('\n')}
          >
            <button type="button" tabIndex={-1} disabled={!isSortable(column)} onClick={(event) => onSort(column, event.shiftKey)}>
              {column.key && <IconKey size={12} aria-label="key" />}
              {!column.editable && !column.key && <IconLock size={12} aria-label="read only" />}
              <span className="cut">{column.title}</span>
              {column.required && !column.spec.system && !column.key && <span aria-hidden>*</span>}
              {sort && (sort.descending ? <IconArrowDown size={13} aria-hidden /> : <IconArrowUp size={13} aria-hidden />)}
              {sort && sorts.length > 1 && <small>{sorts.indexOf(sort) + 1}</small>}
            </button>
            <span className="resizer" aria-hidden onPointerDown={(event) => drag(event, widths[at] ?? 120, (px) => onResize(column, px))} />
          </div>
        );
      })}
    </div>
  );
}

/** Follows the pointer: the width on the way is the grid's alone, the last one is kept. */
function drag(event: PointerEvent<HTMLElement>, from: number, keep: (px: number) => void): void {
  event.preventDefault();
  const { clientX, currentTarget: handle, pointerId } = event;
  handle.setPointerCapture(pointerId);
  const move = (to: globalThis.PointerEvent): void => keep(clampWidth(from + to.clientX - clientX));
  handle.addEventListener('pointermove', move);
  handle.addEventListener('pointerup', () => handle.removeEventListener('pointermove', move), { once: true });
}
