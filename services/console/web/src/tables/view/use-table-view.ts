import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { type GridColumn } from '../columns/grid-column.ts';
import { type TableView, viewOf, viewText, withView } from './table-view.ts';

/** The view that the address names, and how to change it. */
export function useTableView(): { view: TableView; change: (change: Partial<TableView>) => void; put: (query: string) => void } {
  const [parameters, setParameters] = useSearchParams();
  const text = viewText(viewOf(parameters));
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const set = (next: TableView): void => setParameters((before) => withView(before, next), { replace: true });
  return { view, change: (change) => set({ ...view, ...change }), put: (query) => set(viewOf(new URLSearchParams(query))) };
}

/** The columns that the view shows, in its order. */
export function shownColumns(columns: readonly GridColumn[], { hidden, order }: TableView): GridColumn[] {
  const place = ({ name }: GridColumn): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return columns.filter(({ name }) => !hidden.includes(name)).toSorted((a, b) => place(a) - place(b));
}

/** px of a column. */
export function widthOf({ name, valueKind, kind, title }: GridColumn, { widths }: TableView): number {
  const usual =
    kind === 'reference'
      ? 150
      : { boolean: 90, date: 112, timestamp: 172, integer: 104, number: 110, decimal: 124, uuid: 290, json: 220, 'multi-choice': 170 }[valueKind as string];
  return widths[name] ?? Math.max(usual ?? 170, Math.min(240, title.length * 8 + 44));
}
