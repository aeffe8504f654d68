import type { TableDescription } from '#contracts/http/tables';
import { type GridColumn, gridColumns } from '../columns/grid-column.ts';
import { type Habits, readTimestamp } from '../columns/read-time.ts';
import { readCell } from '../columns/read-cell.ts';
import { plainCell } from '../columns/show-cell.ts';
import { arrayLiteral, likeLiteral, nameOf, quoted } from './postgrest.ts';
import { orderParameter, rowOrder } from './row-order.ts';
import type { Filter, TableView } from './table-view.ts';

/** How values stand in an address, whatever the browser's language. */
const CANONICAL: Habits = { style: '.', order: 'dmy' };

/**
 * A condition as one member of `and=(…)`; undefined where it says nothing: an unknown column, or a value that is not there yet or can't be read.
 * "Is not" and "is none of" hold for empty cells too, as people mean it; SQL's would not.
 */
export function conditionOf({ column: name, operator, values }: Filter, columns: ReadonlyMap<string, GridColumn>): string | undefined {
  const column = columns.get(name);
  if (!column) return undefined;
  const read = values.map((value) => valueIn(column, value));
  const known = read.filter((value) => value !== undefined);
  const made = MAKERS[operator];
  if (!made) return undefined;
  if (made.takes === 'nothing') return made.make(nameOf(name), []);
  return known.length === 0 || known.length < read.length ? undefined : made.make(nameOf(name), known);
}

/** All conditions of a view. */
export function filterConditions({ filters }: Pick<TableView, 'filters'>, columns: ReadonlyMap<string, GridColumn>): string[] {
  return filters.map((filter) => conditionOf(filter, columns)).filter((condition) => condition !== undefined);
}

/** Filters and order of a view, as the row API takes them. */
export function viewQuery(table: TableDescription, view: TableView): URLSearchParams {
  const columns = new Map(gridColumns(table).map((column) => [column.name, column]));
  const conditions = filterConditions(view, columns);
  const order = orderParameter(rowOrder(view.sorts, table.key, columns));
  return new URLSearchParams({ ...(conditions.length === 0 ? {} : { and: `(${conditions.join(',')})` }), ...(order === '' ? {} : { order }) });
}

function valueIn(column: GridColumn, value: string): string | undefined {
  if (value.trim() === '') return undefined;
  if (column.valueKind === 'timestamp') return readTimestamp(value.trim(), CANONICAL.order, !column.sqlType.includes('without'));
  if (column.kind === 'choice' || column.kind === 'multi-choice' || column.valueKind === 'text') return value;
  const { scale: _scale, min: _min, max: _max, ...spec } = column.spec;
  const reading = readCell({ ...column, spec }, value, CANONICAL);
  return 'problem' in reading ? undefined : plainCell(reading.value);
}

interface Maker {
  takes: 'nothing' | 'values';
  make: (name: string, values: readonly string[]) => string;
}
const nothing = (make: (name: string) => string): Maker => ({ takes: 'nothing', make });
const one = (make: (name: string, value: string) => string): Maker => ({ takes: 'values', make: (name, [value = '']) => make(name, value) });
const many = (make: (name: string, values: readonly string[]) => string): Maker => ({ takes: 'values', make });
const compared = (operator: string): Maker => one((name, value) => `${name}.${operator}.${quoted(value)}`);
const list = (values: readonly string[]): string => `(${values.map(quoted).join(',')})`;

const MAKERS: Readonly<Record<string, Maker>> = {
  empty: nothing((name) => `${name}.is.null`),
  filled: nothing((name) => `${name}.not.is.null`),
  yes: nothing((name) => `${name}.is.true`),
  no: nothing((name) => `${name}.is.false`),
  is: compared('eq'),
  not: one((name, value) => `${name}.isdistinct.${quoted(value)}`),
  more: compared('gt'),
  least: compared('gte'),
  less: compared('lt'),
  most: compared('lte'),
  contains: one((name, value) => `${name}.ilike.${quoted(`*${likeLiteral(value)}*`)}`),
  lacks: one((name, value) => `or(${name}.not.ilike.${quoted(`*${likeLiteral(value)}*`)},${name}.is.null)`),
  begins: one((name, value) => `${name}.ilike.${quoted(`${likeLiteral(value)}*`)}`),
  any: many((name, values) => `${name}.in.${list(values)}`),
  none: many((name, values) => `or(${name}.not.in.${list(values)},${name}.is.null)`),
  'has-any': many((name, values) => `${name}.ov.${quoted(arrayLiteral(values))}`),
  'has-all': many((name, values) => `${name}.cs.${quoted(arrayLiteral(values))}`),
};
