import type { RowChange, UndoReport } from '#contracts/http/history';
import type { TableDescription } from '#contracts/http/tables';
import { asText } from '../../api/as-text.ts';
import { columnTitle } from '../table-list.ts';

/** A value of one column in two versions of a row; undefined where the row was not there. */
export interface ColumnDiff {
  column: string;
  before: unknown;
  after: unknown;
}

type Image = RowChange['before'];
export type Key = Readonly<Record<string, unknown>>;

type Columns = Pick<TableDescription, 'columns'>;

/** Columns without those that note who made and changed the row, and when: the change itself says that. */
export function withoutStamps(names: readonly string[], { columns }: Columns): string[] {
  return names.filter((name) => !columns.some((column) => column.name === name && column.system));
}

/** What a change did, column by column, in the table's order: all values of a row that came or went, only what differs of one that was changed. */
export function diffOf({ operation, changed, before, after }: RowChange, table: Columns): ColumnDiff[] {
  const columns = operation === 'update' ? changed : Object.keys(after ?? before ?? {}).filter((name) => present((after ?? before)?.[name]));
  return diffBetween(withoutStamps(columns, table), before, after, table);
}

/** Some columns of two versions, in the table's order; columns that it has no longer come last. */
export function diffBetween(columns: readonly string[], before: Image, after: Image, table: Columns): ColumnDiff[] {
  const order = table.columns.map(({ name }) => name);
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return columns.toSorted((a, b) => place(a) - place(b)).map((column) => ({ column, before: before?.[column], after: after?.[column] }));
}

function present(value: unknown): boolean {
  return value !== null && value !== undefined;
}

/** `12`, or `place Oslo, day 2026-01-02` where the key has several columns. */
export function keyInWords(key: Key | null): string {
  const pairs = Object.entries(key ?? {});
  if (pairs.length === 1) return asText(pairs[0]?.[1]);
  return pairs.map(([name, value]) => `${name} ${asText(value)}`).join(', ');
}

/** Who made a change: a person, an agent for a person, a flow, or a login of which nothing is known. */
export function whoOf({ actor, agent, onBehalfOf, flow, verified }: RowChange): string {
  const person = agent === null ? actor : `${agent}, for ${onBehalfOf ?? actor}`;
  if (flow !== null && !actor.startsWith('flow:')) return `${person} by ${flow}`;
  return verified ? person : `${person} (unverified)`;
}

/** What a change did, in a few words. */
export function deedOf({ operation, changed, before, after }: RowChange, table: Columns): string {
  switch (operation) {
    case 'insert':
      return 'added the row';
    case 'delete':
      return 'deleted the row';
    case 'truncate':
      return 'emptied the table';
    case 'update': {
      if (before === null && after !== null) return 'changed the row into one that you may see';
      if (before !== null && after === null) return 'changed the row into one that you may not see';
      const titles = withoutStamps(changed, table).map((column) => titleIn(table, column));
      return `changed ${listed(titles) || (changed.length > 0 ? 'nothing but who and when' : 'nothing that you may see')}`;
    }
  }
}

/** `a, b and c`; after the fourth they are counted. */
export function listed(names: readonly string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  const last = shown.at(-1) ?? '';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}

export function count(number: number, what: string): string {
  return `${number.toLocaleString()} ${what}${number === 1 ? '' : 's'}`;
}

/** What an undo does, or would do, by kind of write. Its list may be shorter than the number of its rows. */
export function effectInWords({ rows, actions }: UndoReport): string {
  if (rows === 0) return 'Nothing is left to do: all is as it was before.';
  if (rows > actions.length) return `${count(rows, 'row')} will be as before.`;
  const of = (action: string): number => actions.filter((each) => each.action === action).length;
  const parts = [
    [of('update'), 'changed back'],
    [of('insert'), 'brought back'],
    [of('delete'), 'deleted again'],
  ] as const;
  const words = parts.filter(([number]) => number > 0).map(([number, what], index) => `${index === 0 ? count(number, 'row') : number} ${what}`);
  return `${listed(words)}.`;
}

/** A column's name for people; one that the table has no longer is called what it was. */
export function titleIn({ columns }: Columns, column: string): string {
  const found = columns.find(({ name }) => name === column);
  return found ? columnTitle(found) : `${column} (dropped)`;
}
