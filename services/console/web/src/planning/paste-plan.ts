import type { Amount } from './decimal.ts';
import type { Grid } from './grid-model.ts';
import { cellKey } from './grid-model.ts';
import type { Place } from './cell-write.ts';
import { type Style, styleOf } from '../sheet/numeral.ts';
import { readNumber } from './read-number.ts';
import { type Rectangle } from '../sheet/selection.ts';

/** What a pasted block would do, before it does it. */
export interface PastePlan {
  /** How the numbers were read. */
  style: Style;
  /** A header line of periods was found and decides the columns. */
  byPeriod: boolean;
  changes: readonly PasteChange[];
  /** What is in the block and can't be used; nothing of these cells is written. */
  problems: readonly PasteProblem[];
  /** Empty cells of the block: left as they are. */
  empty: number;
}
export interface PasteChange {
  place: Place;
  text: string;
  amount: Amount;
  /** The cell comes to this already. */
  same: boolean;
}
export interface PasteProblem {
  /** Of the block, from 1. */
  line: number;
  column: number;
  text: string;
  why: string;
}

/** Reads a block for a place in the grid. One value fills the whole selection; a first line of periods says which columns are meant. */
export function planPaste(block: readonly (readonly string[])[], at: Rectangle, grid: Grid, local: Style): PastePlan {
  const headed = headerOf(block[0] ?? [], grid.periods);
  const body = headed ? block.slice(1) : block;
  const style = styleOf(body.flat(), local);
  const changes: PasteChange[] = [];
  const problems: PasteProblem[] = [];
  let empty = 0;
  const value = body[0]?.[0];
  const fill = !headed && body.length === 1 && body[0]?.length === 1 && value !== undefined;
  const lines = fill ? Array.from({ length: at.bottom - at.top + 1 }, () => Array.from({ length: at.right - at.left + 1 }, () => value)) : body;
  for (const [line, cells] of lines.entries())
    for (const [column, text] of cells.entries()) {
      if (text.trim() === '') {
        empty += 1;
        continue;
      }
      const found = changeAt(text, { row: grid.rows[at.top + line], period: headed ? headed[column] : grid.periods[at.left + column] }, grid, style);
      if (typeof found !== 'string') changes.push(found);
      else if (!fill || problems.length === 0) problems.push({ line: line + (headed ? 2 : 1), column: column + 1, text, why: found });
    }
  return { style, byPeriod: headed !== undefined, changes, problems, empty };
}

/** The change, or why there is none. */
function changeAt(
  text: string,
  { row, period }: { row: Grid['rows'][number] | undefined; period: string | undefined },
  grid: Grid,
  style: Style,
): PasteChange | string {
  if (row === undefined) return 'below the last row';
  if (period === undefined) return 'right of the last period';
  const amount = readNumber(text, style);
  if (amount === undefined) return 'not a number';
  const cell = grid.cells.get(cellKey(row, period));
  if (cell !== undefined && cell.amount === undefined) return 'this cell holds units that can’t be added up';
  return { place: { row, period, cell }, text, amount, same: cell?.amount === amount };
}

/** Periods of a header line: each cell one, as `2026-03`, `03/2026` or `Mar 2026`. */
function headerOf(line: readonly string[], periods: readonly string[]): string[] | undefined {
  const found = line.map((text) => periodOf(text.trim(), periods));
  return line.length > 0 && found.every((period) => period !== undefined) ? found : undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function periodOf(text: string, periods: readonly string[]): string | undefined {
  const written = /^(\d{4})-(\d{2})(?:-\d{2})?$/.exec(text);
  const turned = /^(\d{1,2})[/.](\d{4})$/.exec(text);
  const named = /^([A-Za-z]{3})[a-z]*\.?[\s'’-]*(\d{4}|\d{2})$/.exec(text);
  const month = named ? MONTHS.indexOf((named[1] ?? '').toLowerCase()) + 1 : Number(written?.[2] ?? turned?.[1] ?? 0);
  const year = named ? (named[2] ?? '').padStart(4, '20') : (written?.[1] ?? turned?.[2] ?? '');
  const period = `${year}-${String(month).padStart(2, '0')}`;
  return periods.includes(period) ? period : undefined;
}
