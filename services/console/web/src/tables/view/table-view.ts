/** One column that the rows are ordered by. */
export interface Sort {
  column: string;
  descending: boolean;
}
/** A condition on one column: see operators.ts. */
export interface Filter {
  column: string;
  operator: string;
  values: readonly string[];
}
/** How a person looks at a table. All of it is in the address, so that a view can be shared. */
export interface TableView {
  sorts: readonly Sort[];
  /** All must hold. */
  filters: readonly Filter[];
  hidden: readonly string[];
  /** Columns that were put first, in this order; the others follow as the table has them. */
  order: readonly string[];
  /** px by column. */
  widths: Readonly<Record<string, number>>;
}

export const PLAIN_VIEW: TableView = { sorts: [], filters: [], hidden: [], order: [], widths: {} };
const PARAMETERS = ['sort', 'where', 'hide', 'first', 'width'] as const;

/** The view that an address names. What can't be read is left out. */
export function viewOf(parameters: URLSearchParams): TableView {
  return {
    sorts: pieces(parameters.get('sort')).map(([column = '', direction]) => ({ column, descending: direction === 'desc' })),
    filters: parameters.getAll('where').flatMap((text) => {
      const [[column = '', operator = '', ...values] = []] = pieces(text);
      return column === '' || operator === '' ? [] : [{ column, operator, values }];
    }),
    hidden: pieces(parameters.get('hide')).map(([column = '']) => column),
    order: pieces(parameters.get('first')).map(([column = '']) => column),
    widths: Object.fromEntries(
      pieces(parameters.get('width')).flatMap(([column = '', px]) => (Number(px) > 0 ? [[column, clampWidth(Number(px))] as const] : [])),
    ),
  };
}

/** The address's other parameters, with the view's. */
export function withView(parameters: URLSearchParams, view: TableView): URLSearchParams {
  const next = new URLSearchParams(parameters);
  for (const name of PARAMETERS) next.delete(name);
  const put = (name: (typeof PARAMETERS)[number], lists: readonly (readonly string[])[]): void => {
    if (lists.length > 0) next.append(name, lists.map((parts) => parts.map(escaped).join('.')).join(','));
  };
  put(
    'sort',
    view.sorts.map(({ column, descending }) => [column, descending ? 'desc' : 'asc']),
  );
  for (const { column, operator, values } of view.filters) put('where', [[column, operator, ...values]]);
  put(
    'hide',
    view.hidden.map((column) => [column]),
  );
  put(
    'first',
    view.order.map((column) => [column]),
  );
  put(
    'width',
    Object.entries(view.widths).map(([column, px]) => [column, String(px)]),
  );
  return next;
}

/** The view's part of an address alone: two views are the same when these are. */
export function viewText(view: TableView): string {
  return withView(new URLSearchParams(), view).toString();
}

/** The same view of a table that calls columns otherwise now. */
export function renamedView({ sorts, filters, hidden, order, widths }: TableView, renamed: ReadonlyMap<string, string>): TableView {
  const now = (name: string): string => renamed.get(name) ?? name;
  return {
    sorts: sorts.map((sort) => ({ ...sort, column: now(sort.column) })),
    filters: filters.map((filter) => ({ ...filter, column: now(filter.column) })),
    hidden: hidden.map(now),
    order: order.map(now),
    widths: Object.fromEntries(Object.entries(widths).map(([name, px]) => [now(name), px])),
  };
}

export function clampWidth(px: number): number {
  return Math.round(Math.max(60, Math.min(900, px)));
}

/** Lists of parts; a point, comma or tilde within a part is escaped by a tilde. */
function pieces(text: string | null): string[][] {
  if (text === null || text === '') return [];
  return splitAt(text, ',').map((piece) => splitAt(piece, '.').map(plain));
}

function splitAt(text: string, separator: string): string[] {
  const parts = [''];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === separator) parts.push('');
    else parts[parts.length - 1] += character === '~' ? `~${text[(at += 1)] ?? ''}` : character;
  }
  return parts;
}

function escaped(part: string): string {
  return part.replaceAll(/[~.,]/g, '~$&');
}

function plain(part: string): string {
  return part.replaceAll(/~(.)/gs, '$1');
}
