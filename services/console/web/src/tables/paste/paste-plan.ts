import type { Rectangle } from '../../sheet/selection.ts';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { readCell } from '../columns/read-cell.ts';
import { type Habits, habitsOf } from '../columns/read-time.ts';
import { type GridRow, sameValue } from '../rows/grid-row.ts';

/** What a pasted block would do, before it does it. */
export interface PastePlan {
  /** A header line of column names was found and decides the columns. */
  byName: boolean;
  /** The columns that the block's columns go to; undefined: to the right of the last one. */
  columns: readonly (GridColumn | undefined)[];
  changes: readonly PlannedRow[];
  /** Rows behind the last one: to be added. */
  inserts: readonly PlannedRow[];
  problems: readonly PasteProblem[];
  /** Cells that come to what they are already. */
  same: number;
}
export interface PlannedRow {
  /** Index in the grid; of a row to be added: where it would follow. */
  index: number;
  row: GridRow | undefined;
  values: Record<string, CellValue>;
}
export interface PasteProblem {
  /** Of the block, from 1. */
  line: number;
  column: number;
  title: string;
  text: string;
  why: string;
}

export interface PasteTarget {
  columns: readonly GridColumn[];
  at: Rectangle;
  /** Rows in all. */
  count: number;
  /** Rows of the rectangle and below, which must be loaded. */
  rowAt: (index: number) => GridRow | undefined;
  habits: Habits;
}

/** Rows of the grid that a block reaches: those must be loaded before it is planned. */
export function rowsOf(
  block: readonly (readonly string[])[],
  { at, columns, count }: Pick<PasteTarget, 'at' | 'columns' | 'count'>,
): { first: number; last: number } {
  const lines = isSingle(block) ? at.bottom - at.top + 1 : block.length - (headerOf(block[0] ?? [], columns) && block.length > 1 ? 1 : 0);
  return { first: at.top, last: Math.min(count - 1, at.top + lines - 1) };
}

/**
 * Reads a block for a place in the grid. One value fills the whole selection; a first line of column names says which columns are meant. An empty cell empties;
 * in a row that is added it leaves the column to its default.
 */
export function planPaste(block: readonly (readonly string[])[], target: PasteTarget): PastePlan {
  const { at, columns, count } = target;
  const header = block.length > 1 ? headerOf(block[0] ?? [], columns) : undefined;
  const body = header ? block.slice(1) : isSingle(block) ? filled(block[0]?.[0] ?? '', at) : block;
  const width = Math.max(...body.map(({ length }) => length));
  const meant = header ?? Array.from({ length: width }, (_, index) => columns[at.left + index]);
  const habits = meant.map((_, index) =>
    habitsOf(
      body.map((line) => line[index] ?? ''),
      target.habits,
    ),
  );
  const problems: PasteProblem[] = [];
  const planned: PlannedRow[] = [];
  let same = 0;
  for (const [line, cells] of body.entries()) {
    const index = at.top + line;
    const row = index < count ? target.rowAt(index) : undefined;
    const values: Record<string, CellValue> = {};
    for (const [column, text] of cells.entries()) {
      const to = meant[column];
      const read = cellOf(text, to, { adding: index >= count, missing: index < count && !row }, habits[column] ?? target.habits);
      if (read === undefined) continue;
      if ('problem' in read) problems.push({ line: line + (header ? 2 : 1), column: column + 1, title: to?.title ?? '', text, why: read.problem });
      else if (row && sameValue(row.values[to?.name ?? ''] ?? null, read.value)) same += 1;
      else if (to) values[to.name] = read.value;
    }
    if (Object.keys(values).length > 0) planned.push({ index, row, values });
  }
  const inserts = planned.filter(({ index }) => index >= count);
  return {
    byName: header !== undefined,
    columns: meant,
    changes: planned.filter(({ row }) => row),
    inserts,
    problems: [...problems, ...lacking(inserts, target)],
    same,
  };
}

function cellOf(text: string, column: GridColumn | undefined, { adding, missing }: { adding: boolean; missing: boolean }, habits: Habits) {
  if (column === undefined) return text === '' ? undefined : { problem: 'right of the last column' };
  if (missing) return { problem: 'this row could not be read' };
  if (adding && text.trim() === '') return undefined;
  if (!(adding ? column.insertable : column.editable)) return { problem: column.key ? 'the key of a row stays' : 'this column is read only' };
  return readCell(column, text, habits);
}

/** Columns that a new row must have and the block does not give. */
function lacking(inserts: readonly PlannedRow[], { columns, count, at }: PasteTarget): PasteProblem[] {
  return inserts.flatMap(({ index, values }) =>
    columns
      .filter((column) => column.insertable && column.required && column.spec.default === undefined && !(column.name in values))
      .map(({ title }) => ({ line: index - at.top + 1, column: 0, title, text: '', why: `a new row (${index - count + 1}) needs a value` })),
  );
}

function isSingle(block: readonly (readonly string[])[]): boolean {
  return block.length === 1 && block[0]?.length === 1;
}

function filled(value: string, { top, bottom, left, right }: Rectangle): string[][] {
  return Array.from({ length: bottom - top + 1 }, () => Array.from({ length: right - left + 1 }, () => value));
}

/** The columns that a line names, by title or name; undefined unless each of its cells names another one. */
function headerOf(line: readonly string[], columns: readonly GridColumn[]): GridColumn[] | undefined {
  const found = line.map((text) => {
    const wanted = text.trim().toLowerCase();
    return columns.find(({ title, name }) => wanted !== '' && (title.toLowerCase() === wanted || name.toLowerCase() === wanted));
  });
  const named = found.filter((column) => column !== undefined);
  return named.length === line.length && new Set(named).size === line.length ? named : undefined;
}
