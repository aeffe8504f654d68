import { readVersioned, selectRows } from '../../api/rows.ts';
import { type GridColumn, isReadAsText } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { nameOf, quoted } from '../view/postgrest.ts';
import { beyond, orderParameter, type OrderTerm } from '../view/row-order.ts';
import { type GridRow, gridRow, keyText, type Values } from './grid-row.ts';
import { isBackwards, type PageRead } from './plan-read.ts';

/** Which rows of which table, in which order. */
export interface RowQuery {
  schema: string;
  table: string;
  key: readonly string[];
  columns: readonly GridColumn[];
  order: readonly OrderTerm[];
  /** Members of `and=(…)`: see filter-query.ts. */
  conditions: readonly string[];
}

export interface VersionedRow {
  row: GridRow;
  etag: string;
}

/** Keys asked for at once: an address has bounds. */
const KEYS_AT_ONCE = 60;

/** Reads a table's rows through the row API. Every method throws `ApiError`. */
export class RowSource {
  readonly query: RowQuery;
  readonly #select: string;

  constructor(query: RowQuery) {
    this.query = query;
    this.#select = query.columns.map((column) => `${nameOf(column.name)}${isReadAsText(column) ? '::text' : ''}`).join(',');
  }

  /** A page, in the order of the view. */
  async page(read: PageRead<GridRow>, signal: AbortSignal): Promise<GridRow[]> {
    const { order, conditions } = this.query;
    const backwards = isBackwards(read);
    const anchor = 'after' in read.from ? read.from.after : 'before' in read.from ? read.from.before : undefined;
    const from = anchor ? beyond(order, anchor.values, { before: backwards }) : [];
    const rows = await this.#read([...conditions, ...from], { order: orderParameter(order, backwards), limit: read.limit, offset: read.offset }, signal);
    return backwards ? rows.toReversed() : rows;
  }

  /** `limit` rows from a place on: `at` itself, if it is still there, and what follows; undefined: the first rows. */
  fromRow(at: GridRow | undefined, limit: number, signal: AbortSignal): Promise<GridRow[]> {
    const { order, conditions } = this.query;
    const from = at ? beyond(order, at.values, { including: true }) : [];
    return this.#read([...conditions, ...from], { order: orderParameter(order), limit, offset: 0 }, signal);
  }

  /** Those of these rows that the view shows. */
  async byKeys(keys: readonly Values[], signal: AbortSignal): Promise<GridRow[]> {
    const found: GridRow[] = [];
    for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
      const some = keys.slice(at, at + KEYS_AT_ONCE);
      found.push(...(await this.#read([...this.query.conditions, this.#anyOf(some)], { limit: some.length, offset: 0 }, signal)));
    }
    return found;
  }

  /** How many rows the view shows; `estimated` is quick. */
  async count(how: 'estimated' | 'exact', signal: AbortSignal): Promise<number> {
    return this.#count(this.query.conditions, how, signal);
  }

  /** Index of a row in the view: how many come before it. */
  async indexOf(row: GridRow, signal: AbortSignal): Promise<number> {
    return this.#count([...this.query.conditions, ...beyond(this.query.order, row.values, { before: true })], 'exact', signal);
  }

  /** One row as it is now, whether or not the view shows it; undefined: it is gone. */
  async versioned(row: GridRow, signal?: AbortSignal): Promise<VersionedRow | undefined> {
    const parameters = this.keyParameters(row);
    parameters.set('select', this.#select);
    const found = await readVersioned(this.query.schema, this.query.table, parameters, signal);
    return found && { row: this.rowOf(found.row as Values), etag: found.etag };
  }

  /** `<column>=eq.<value>` for each column of the key. */
  keyParameters(row: GridRow): URLSearchParams {
    return new URLSearchParams(this.query.key.map((name) => [nameOf(name), `eq.${plainCell(row.values[name])}`]));
  }

  /** What a write asks to be given back: as rows are read. */
  get select(): string {
    return this.#select;
  }

  get url(): string {
    return `/rest/v1/${encodeURIComponent(this.query.table)}`;
  }

  rowOf(values: Values): GridRow {
    return gridRow(this.query.key, values);
  }

  keyTextOf(key: Readonly<Record<string, unknown>>): string {
    return keyText(this.query.key, key);
  }

  #anyOf(keys: readonly Values[]): string {
    const [only] = this.query.key;
    if (this.query.key.length === 1 && only !== undefined) return `${nameOf(only)}.in.(${keys.map((key) => quoted(plainCell(key[only]))).join(',')})`;
    const each = keys.map((key) => `and(${this.query.key.map((name) => `${nameOf(name)}.eq.${quoted(plainCell(key[name]))}`).join(',')})`);
    return `or(${each.join(',')})`;
  }

  async #read(
    conditions: readonly string[],
    { order, limit, offset }: { order?: string; limit: number; offset: number },
    signal: AbortSignal,
  ): Promise<GridRow[]> {
    const parameters = this.#where(conditions);
    parameters.set('select', this.#select);
    if (order !== undefined && order !== '') parameters.set('order', order);
    parameters.set('limit', String(limit));
    if (offset > 0) parameters.set('offset', String(offset));
    const { rows } = await selectRows(this.query.schema, this.query.table, parameters, { signal });
    return rows.map((values) => this.rowOf(values as Values));
  }

  async #count(conditions: readonly string[], how: 'estimated' | 'exact', signal: AbortSignal): Promise<number> {
    const parameters = this.#where(conditions);
    parameters.set('select', this.query.key.map(nameOf).join(','));
    parameters.set('limit', '0');
    const { total = 0 } = await selectRows(this.query.schema, this.query.table, parameters, { count: how, signal });
    return total;
  }

  #where(conditions: readonly string[]): URLSearchParams {
    return new URLSearchParams(conditions.length === 0 ? {} : { and: `(${conditions.join(',')})` });
  }
}
