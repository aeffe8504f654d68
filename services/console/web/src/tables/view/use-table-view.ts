import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { SavedView, SavedViews } from '#contracts/http/table-views';
import { type GridColumn } from '../columns/grid-column.ts';
import { PLAIN_VIEW, type TableView, viewOf, viewText, withView } from './table-view.ts';

/** How a person looks at a table, and how to look at it otherwise. */
export interface Looked {
  view: TableView;
  /** The saved view that it is, or was before it was changed. */
  base: SavedView | undefined;
  /** It is not what its base has. */
  changed: boolean;
  /** The address names a saved view that is gone, or not for this person. */
  missing: boolean;
  /** An address that shows this view to whoever may: of a shared view its own, else all that is in it. */
  link: string;
  change: (change: Partial<TableView>) => void;
  /** Goes to a saved view; undefined: to all rows. */
  go: (saved: SavedView | undefined) => void;
}

/**
 * The view that the address names: by what it says of filters, order and columns, else by `view=<id of a saved view>`, else the person's default.
 * `view` beside the rest is the saved view that was changed; `view=all` is all rows.
 */
export function useTableView({ views, default: usual }: SavedViews): Looked {
  const [parameters, setParameters] = useSearchParams();
  const said = viewText(viewOf(parameters));
  const named = parameters.get('view') ?? (said === '' ? usual : null);
  const base = views.find(({ id }) => id === named);
  const missing = named !== null && named !== 'all' && named !== usual && !base;
  const kept = base ? viewText(base.view) : '';
  const text = said === '' ? kept : said;
  const view = useMemo(() => viewOf(new URLSearchParams(text)), [text]);
  const put = (next: TableView, id: string | undefined): void =>
    setParameters(
      (before) => {
        const address = withView(before, next);
        if (id === undefined) address.delete('view');
        else address.set('view', id);
        return address;
      },
      { replace: true },
    );
  const change = (part: Partial<TableView>): void => {
    const next = { ...view, ...part };
    const nextText = viewText(next);
    if (base && nextText === kept) put(PLAIN_VIEW, base.id);
    else put(next, nextText === '' ? 'all' : base?.id);
  };
  const changed = base !== undefined && text !== kept;
  const link = base?.shared && !changed ? `view=${base.id}` : text === '' ? 'view=all' : text;
  return { view, base, changed, missing, link, change, go: (saved) => put(PLAIN_VIEW, saved?.id ?? 'all') };
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
