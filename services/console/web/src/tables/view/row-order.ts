import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { isSortable } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { nameOf, quoted } from './postgrest.ts';
import type { Sort } from './table-view.ts';

/** A column of a total order: the last ones are the primary key's, so that no two rows are equal. */
export interface OrderTerm {
  column: string;
  descending: boolean;
  /** It may be null; nulls come last, whichever the direction. */
  nullable: boolean;
}

type Values = Readonly<Record<string, CellValue>>;

export function rowOrder(sorts: readonly Sort[], key: readonly string[], columns: ReadonlyMap<string, GridColumn>): OrderTerm[] {
  const terms: OrderTerm[] = [];
  for (const { column, descending } of [...sorts, ...key.map((name) => ({ column: name, descending: false }))]) {
    const found = columns.get(column);
    if (!found || !isSortable(found) || terms.some((term) => term.column === column)) continue;
    terms.push({ column, descending, nullable: !found.required });
    // Behind a whole key nothing is left to order.
    if (key.length === 1 && key[0] === column) break;
  }
  return terms;
}

/** `order=`; `backwards` is the exact mirror, for reading from the end. Nulls are only named where there can be some: an index serves the plain spelling. */
export function orderParameter(terms: readonly OrderTerm[], backwards = false): string {
  return terms
    .map(
      ({ column, descending, nullable }) =>
        `${nameOf(column)}.${descending === backwards ? 'asc' : 'desc'}${nullable ? `.nulls${backwards ? 'first' : 'last'}` : ''}`,
    )
    .join(',');
}

/**
 * The rows behind `row` in the order (or before it), as members of `and=(…)`. A bound on the first column stands beside the tree where it can, for it is what an
 * index is searched by. With `including`, the row itself too.
 */
export function beyond(terms: readonly OrderTerm[], row: Values, { before = false, including = false } = {}): string[] {
  const branches: string[] = [];
  for (const [depth, term] of terms.entries()) {
    const further = strictly(term, row, before);
    if (further === undefined) continue;
    const same = terms.slice(0, depth).map((earlier) => equal(earlier, row));
    branches.push(same.length === 0 ? further : `and(${[...same, further].join(',')})`);
  }
  if (including) branches.push(allOf(terms.map((term) => equal(term, row))));
  const [first] = terms;
  const bound = first && terms.length > 1 && !first.nullable ? [`${nameOf(first.column)}.${up(first, before) ? 'gte' : 'lte'}.${text(row, first)}`] : [];
  // Nothing can lie there: no row's key is null.
  if (branches.length === 0) return [`${nameOf(terms.at(-1)?.column ?? '')}.is.null`];
  return [...bound, branches.length === 1 ? (branches[0] ?? '') : `or(${branches.join(',')})`];
}

function strictly(term: OrderTerm, row: Values, before: boolean): string | undefined {
  const name = nameOf(term.column);
  const isNull = row[term.column] === null || row[term.column] === undefined;
  if (isNull) return before ? `${name}.not.is.null` : undefined;
  const compared = `${name}.${up(term, before) ? 'gt' : 'lt'}.${text(row, term)}`;
  return term.nullable && !before ? `or(${compared},${name}.is.null)` : compared;
}

function equal({ column }: OrderTerm, row: Values): string {
  const value = row[column];
  return value === null || value === undefined ? `${nameOf(column)}.is.null` : `${nameOf(column)}.eq.${quoted(plainCell(value))}`;
}

function allOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? (conditions[0] ?? '') : `and(${conditions.join(',')})`;
}

function up({ descending }: OrderTerm, before: boolean): boolean {
  return descending === before;
}

function text(row: Values, { column }: OrderTerm): string {
  return quoted(plainCell(row[column]));
}
