import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { TableDescription } from '#contracts/http/tables';
import { ApiError } from '../../api/api-error.ts';
import { inWords } from '../../api/in-words.ts';
import type { Rectangle } from '../../sheet/selection.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { type Reading } from '../columns/read-cell.ts';
import { localHabits } from '../columns/read-time.ts';
import type { CellEdit } from '../edit/row-writes.ts';
import { tellLost } from '../edit/tell-lost.ts';
import { refusalWords } from '../edit/refusal-words.ts';
import { isEven } from '../paste/import-rows.ts';
import { type PastePlan, planPaste, rowsOf } from '../paste/paste-plan.ts';
import type { GridRow, Values } from '../rows/grid-row.ts';
import { REACH } from '../rows/table-rows.ts';
import type { SheetActs } from './use-sheet.ts';
import type { Stores } from './use-stores.ts';

const HABITS = localHabits();
/** More new rows than this are worth a progress bar. */
const MANY_ROWS = 2_000;
/** As many as are kept at once: a paste is shown before it is written. */
const MOST_ROWS = REACH;

/** What the grid's keys, dialogs and clipboard do to the table. */
export function useGridActs(table: TableDescription, stores: Stores, columns: readonly GridColumn[]) {
  const { rows, writes } = stores;
  const [plan, setPlan] = useState<PastePlan>();
  const propose = async (block: string[][], rectangle: Rectangle): Promise<void> => {
    const target = { columns, at: rectangle, count: rows.view().total.rows, rowAt: (index: number) => rows.at(index), habits: HABITS };
    const { first, last } = rowsOf(block, target);
    if (last - first >= MOST_ROWS)
      return tell(`At most ${MOST_ROWS.toLocaleString()} rows that are there can be changed at once. Paste fewer, or import them as a file.`);
    await rows.ensure(first, last);
    setPlan(planPaste(block, { ...target, count: rows.view().total.rows }));
  };
  return {
    ...rowActs(stores),
    sheet: sheetActs(table, { stores, columns, propose }),
    plan,
    setPlan,
    words: (error: unknown): string => batchWords(error, writes.columns, plan),
  };
}

interface SheetActsContext {
  stores: Stores;
  columns: readonly GridColumn[];
  /** Shows what a block would do. */
  propose: (block: string[][], rectangle: Rectangle) => Promise<void>;
}

function sheetActs(table: TableDescription, { stores, columns, propose }: SheetActsContext): SheetActs {
  const { rows, writes } = stores;
  const mayEdit = (column: GridColumn): boolean => (column.editable ? true : (tell(whyNot(table, column)), false));
  return {
    // A file that may not be changed may still be downloaded.
    mayEdit: (row, column) => (column.kind === 'file' && row.values[column.name] !== null) || mayEdit(column),
    toggle: (row, column) => {
      const value = row.values[column.name] ?? null;
      if (mayEdit(column)) writes.commit({ row, column, base: value, value: value !== true });
    },
    clear: (rectangle) => {
      const single = rectangle.top === rectangle.bottom && rectangle.left === rectangle.right;
      const [row, column] = [rows.at(rectangle.top), columns[rectangle.left]];
      if (!single) return void propose([['']], rectangle);
      if (!row || !column || !mayEdit(column)) return undefined;
      if (column.required) return writes.refuse(row, column, null, 'must not be empty.');
      return writes.commit({ row, column, base: row.values[column.name] ?? null, value: null });
    },
    undo: () => void undo(stores),
    lost: (column, text) => (text === undefined ? undefined : tellLost(column, text)),
    paste: (block, rectangle) => void propose(block, rectangle),
  };
}

function rowActs(stores: Stores) {
  const { rows, writes, live } = stores;
  return {
    keep: ({ row, column, base }: Pick<CellEdit, 'row' | 'column' | 'base'>, reading: Reading, text: string): void => {
      if ('problem' in reading) writes.refuse(row, column, text, reading.problem);
      else writes.commit({ row, column, base, value: reading.value });
    },
    settle: (row: GridRow, column: GridColumn, choice: 'mine' | 'theirs'): void =>
      choice === 'mine' ? writes.insist(row, column) : writes.dismiss(row, column),
    remove: async (gone: readonly GridRow[]): Promise<void> => {
      await writes.deleteRows(gone);
      tell(`${gone.length === 1 ? 'A row is' : `${gone.length} rows are`} deleted. Ctrl Z brings ${gone.length === 1 ? 'it' : 'them'} back.`);
    },
    /** Throws `ApiError`; then nothing was written. */
    write: async ({ changes, inserts }: PastePlan, onProgress: (share: number) => void): Promise<void> => {
      const added = inserts.map(({ values }) => values);
      if (changes.length === 0 && added.length > MANY_ROWS && isEven(added)) return writes.importMany(added, onProgress);
      const inserted = await writes.writeMany(
        changes.flatMap(({ row, values }) => (row ? [{ row, values }] : [])),
        added,
      );
      rows.grow(inserted.length);
      await live.settle();
    },
    /** Index of the new row in the view; undefined where the view does not show it. Throws `ApiError`. */
    add: async (values: Values): Promise<number | undefined> => {
      const [row] = await writes.writeMany([], [values]);
      if (!row) return undefined;
      rows.grow(1);
      await live.settle();
      return place(stores, row);
    },
  };
}

async function place({ rows }: Stores, row: GridRow): Promise<number | undefined> {
  const signal = AbortSignal.timeout(20_000);
  const [shown] = await rows.source.byKeys([row.values], signal);
  return shown && rows.source.indexOf(shown, signal);
}

async function undo({ writes, rows, changes }: Stores): Promise<void> {
  try {
    const what = await writes.undo();
    tell(what === undefined ? 'There is nothing of yours to take back on this page.' : `Taken back: ${what}.`);
    // The stream tells what it did, as any other change; without one it has to be read.
    if (what !== undefined && changes.view().connection !== 'live') rows.reload();
  } catch (error) {
    const { title, detail } = inWords(error);
    notifications.show({ title: `Not taken back: ${title}`, message: detail, color: 'red' });
  }
}

function batchWords(error: unknown, columns: Stores['writes']['columns'], plan: PastePlan | undefined): string {
  const said = refusalWords(error, columns);
  if (!(error instanceof ApiError) || !plan) return said;
  const row = error.change === undefined ? undefined : plan.changes[error.change];
  if (row && error.status === 412) return `Row ${(row.index + 1).toLocaleString()} was changed meanwhile. Paste again: the preview shows it as it is now.`;
  return row ? `Row ${(row.index + 1).toLocaleString()}: ${said}` : said;
}

function whyNot({ may }: TableDescription, column: GridColumn): string {
  if (!may.update) return 'You may read this table, and not change it.';
  if (column.key) return 'The key of a row stays. Delete the row and add another.';
  return `${column.title} is kept by Lakeloop, or computed.`;
}

function tell(message: string): void {
  notifications.show({ message });
}
