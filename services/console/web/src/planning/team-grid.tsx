import { Text } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useId, useRef } from 'react';
import { useFrozen } from './freeze.tsx';
import { GridCell } from './grid-cell.tsx';
import { cellKey, type Grid, type GridRow } from './grid-model.ts';
import { periodTitle, type Reference } from './reference.ts';
import { contains, type Rectangle, rectangleOf } from '../sheet/selection.ts';
import { ROW_HEIGHT, type TeamGridProps } from './team-grid-props.ts';
import { useGridKeys } from './use-grid-keys.ts';

/** A spreadsheet of a team's entries: products and regions down, periods across. Drawn where it is seen, walked and edited by keys. */
export function TeamGrid(props: TeamGridProps) {
  const { grid, selection } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const sheet = useRef<HTMLTableElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- there is no React compiler here to mislead
  const virtual = useVirtualizer({ count: grid.rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 10 });
  const keys = useGridKeys(props, {
    sheet,
    page: () => scroller.current?.clientHeight ?? 400,
    scrollTo: (row) => virtual.scrollToIndex(row, { align: 'auto' }),
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section ref={scroller} className="panel sheet-scroller" aria-label={`${props.label}, scrollable`}>
      <table
        ref={sheet}
        className="sheet"
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- walked and edited with keys: ARIA's grid
        role="grid"
        tabIndex={0}
        aria-label={props.label}
        aria-rowcount={grid.rows.length + 1}
        aria-colcount={grid.periods.length + 1}
        aria-readonly={!props.editable}
        aria-multiselectable
        aria-activedescendant={`${id}-${selection.focus.row}-${selection.focus.column}`}
        {...keys.handlers}
      >
        <SheetHead grid={grid} rectangle={rectangleOf(selection)} />
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map(({ index }) => {
            const row = grid.rows[index];
            return row && <SheetRow key={row.id} {...props} id={`${id}-${index}`} index={index} row={row} keys={keys} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
      {grid.rows.length === 0 && props.empty}
    </section>
  );
}

interface SheetRowProps extends TeamGridProps {
  id: string;
  index: number;
  row: GridRow;
  keys: ReturnType<typeof useGridKeys>;
}

function SheetRow({ id, index, row, keys, ...props }: SheetRowProps) {
  const { grid, reference, selection, view } = props;
  const rectangle = rectangleOf(selection);
  const name = `${reference.products.name(row.product)}, ${reference.regions.name(row.region)}`;
  return (
    <tr aria-rowindex={index + 2} className={row.leaf ? undefined : 'inner'}>
      <RowHead row={row} reference={reference} />
      {grid.periods.map((period, column) => {
        const place = props.placeOf(row, period);
        const focused = selection.focus.row === index && selection.focus.column === column;
        return (
          <GridCell
            key={period}
            id={`${id}-${column}`}
            at={{ row: index, column }}
            name={`${name}, ${periodTitle(period)}`}
            cell={grid.cells.get(cellKey(row, period))}
            unit={props.unit}
            signed={props.signed}
            ghost={props.ghostOf(row, period)}
            others={grid.others.has(cellKey(row, period))}
            sending={view.sending.has(place)}
            seen={view.seen.get(place)}
            refusal={view.refusals.get(place)}
            onDismiss={() => (props.onDismiss(place), keys.focusGrid())}
            onInsist={() => (props.onInsist(place), keys.focusGrid())}
            focused={focused}
            selected={contains(rectangle, index, column)}
            editing={focused ? keys.editing : undefined}
            onType={keys.type}
            onLeave={() => void keys.keep()}
          />
        );
      })}
    </tr>
  );
}

function SheetHead({ grid, rectangle }: { grid: Grid; rectangle: Rectangle }) {
  const frozen = useFrozen().data;
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" className="row-head">
          Product · region
        </th>
        {grid.periods.map((period, column) => (
          <th key={period} scope="col" className={column >= rectangle.left && column <= rectangle.right ? 'crossed' : undefined}>
            {frozen?.has(period) && <IconLock size={12} aria-label="frozen" className="head-lock" />}
            {periodTitle(period)}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function RowHead({ row, reference }: { row: GridRow; reference: Reference }) {
  const { products, regions } = reference;
  const path = [...products.path(row.product).map((id) => products.name(id)), ...regions.path(row.region).map((id) => regions.name(id))].join(' › ');
  return (
    <th scope="row" className="row-head" title={path} aria-label={`${products.name(row.product)}, ${regions.name(row.region)}`}>
      <span className="row-names">
        <span className="cut">{products.name(row.product)}</span>
        <Text span size="xs" c="dimmed" className="cut">
          {regions.name(row.region)}
        </Text>
      </span>
    </th>
  );
}
