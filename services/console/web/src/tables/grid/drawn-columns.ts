import type { GridColumn } from '../columns/grid-column.ts';

/** px of the column of row numbers. */
export const GUTTER = 64;
/** Columns beyond what is seen that are drawn, px, so that a step shows no gap. */
const BEYOND = 400;
/** px of sideways scrolling between two drawings. */
export const STEP = 200;

/** Which columns are drawn: the first `frozen`, which stay at the left, and those from `first` to `last`. */
export interface DrawnColumns {
  frozen: number;
  /** Where each of the frozen ones stays, px from the left edge of the grid. */
  lefts: readonly number[];
  first: number;
  last: number;
}

/** What is seen of the columns: `step` is in units of STEP, so that most pixels of scrolling draw nothing anew; `width` in px. */
export interface SeenAcross {
  step: number;
  width: number;
}

export function drawnColumns(columns: readonly GridColumn[], widths: readonly number[], { step, width }: SeenAcross): DrawnColumns {
  const [from, to] = [step * STEP - BEYOND, (step + 1) * STEP + width + BEYOND];
  let [first, last, start] = [columns.length, -1, GUTTER];
  for (const [at, px] of widths.entries()) {
    if (start + px >= from && start <= to) [first, last] = [Math.min(first, at), at];
    start += px;
  }
  const lefts = leftsOf(columns, widths, width);
  return { frozen: lefts.length, lefts, first, last };
}

/** The key stays in sight where it comes first, unless it would take more than half of what there is. */
function leftsOf(columns: readonly GridColumn[], widths: readonly number[], width: number): number[] {
  const plain = columns.findIndex(({ key }) => !key);
  const count = plain === -1 ? columns.length : plain;
  const lefts = Array.from({ length: count }, (_, at) => GUTTER + sumOf(widths.slice(0, at)));
  return sumOf(widths.slice(0, count)) <= (width - GUTTER) / 2 ? lefts : [];
}

/** Places of the columns to draw, in their order; `also`: one that stays whatever is seen, for the focus or an editor is in it. */
export function placesOf({ frozen, first, last }: DrawnColumns, also: readonly number[] = []): number[] {
  const places = new Set(also);
  for (let at = 0; at < frozen; at += 1) places.add(at);
  for (let at = first; at <= last; at += 1) places.add(at);
  return [...places].toSorted((a, b) => a - b);
}

/** Where to scroll to, px, so that a column is seen beside the frozen ones; undefined: it is. */
export function leftFor(column: number, widths: readonly number[], { frozen }: DrawnColumns, seen: { left: number; width: number }): number | undefined {
  if (column < frozen) return undefined;
  const hidden = sumOf(widths.slice(0, frozen));
  const start = sumOf(widths.slice(0, column));
  const end = GUTTER + start + (widths[column] ?? 0);
  if (start - hidden < seen.left) return start - hidden;
  return end > seen.left + seen.width ? Math.min(end - seen.width, start - hidden) : undefined;
}

/** Where a cell stands in its row. */
export function styleAt(at: number, { frozen, lefts }: DrawnColumns): { gridColumn: number; insetInlineStart?: number } {
  return { gridColumn: at + 2, ...(at < frozen ? { insetInlineStart: lefts[at] ?? 0 } : {}) };
}

function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, px) => sum + px, 0);
}
