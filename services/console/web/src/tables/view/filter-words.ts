import type { GridColumn } from '../columns/grid-column.ts';
import { showCell } from '../columns/show-cell.ts';
import { operatorsOf } from './operators.ts';
import type { Filter } from './table-view.ts';

/** A filter as a person reads it. */
export function filterWords({ column: name, operator, values }: Filter, columns: readonly GridColumn[]): string {
  const column = columns.find((each) => each.name === name);
  if (!column) return `${name}: no such column`;
  const title = operatorsOf(column).find((each) => each.name === operator)?.title ?? operator;
  return `${column.title} ${title} ${values.map((value) => localText(column, value)).join(', ')}`.trim();
}

/** A filter's value, which stands in the address in a spelling of its own, as the browser writes it. */
export function localText(column: GridColumn, value: string): string {
  return column.valueKind === 'timestamp' ? showCell(column, value) : value;
}
