import type { Adjustment } from './adjustment.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, textOf } from './decimal.ts';
import type { Cell, GridRow, GridView } from './grid-model.ts';

/** What a person's edit becomes as a write: nothing, new rows, one row's new amount, or rows that go. */
export type CellWrite =
  | { op: 'insert'; rows: Row[] }
  | { op: 'update'; entry: Adjustment; change: Row }
  | { op: 'delete'; entries: readonly Adjustment[] }
  | { op: 'none' }
  | { op: 'refused'; why: string };

/** A place in the grid and what stands there. */
export interface Place {
  row: GridRow;
  period: string;
  cell: Cell | undefined;
}

/**
 * The typed amount shall be what the cell comes to. One entry is changed in place; where several add up, the difference is entered, so that
 * nobody's entry is overwritten by somebody who saw only the sum.
 */
export function typed(place: Place, amount: Amount, view: GridView): CellWrite {
  const { cell } = place;
  const [latest] = cell?.entries ?? [];
  if (cell === undefined || latest === undefined) return { op: 'insert', rows: [newRow(place, amount, view)] };
  if (cell.amount === undefined) return { op: 'refused', why: 'The entries of this cell have units that can’t be added up: change them one by one.' };
  if (cell.amount === amount) return { op: 'none' };
  if (view.kind === 'absolute' || cell.entries.length === 1) return { op: 'update', entry: latest, change: { amount: textOf(amount) } };
  return { op: 'insert', rows: [newRow(place, amount - cell.amount, { ...view, unit: cell.unit })] };
}

/** Many cells in one write: only new rows, since one statement can't change and insert. Cells that stand so already are left out. */
export function pasted(places: readonly { place: Place; amount: Amount }[], view: GridView, comment: string): Row[] {
  return places.flatMap(({ place, amount }) => {
    const { cell } = place;
    if (cell === undefined || cell.entries.length === 0) return [newRow(place, amount, view, comment)];
    if (cell.amount === undefined || cell.amount === amount) return [];
    const inUnit = { ...view, unit: cell.unit };
    return [newRow(place, view.kind === 'absolute' ? amount : amount - cell.amount, inUnit, comment)];
  });
}

export function cleared(places: readonly Place[]): CellWrite {
  const entries = places.flatMap(({ cell }) => cell?.entries ?? []);
  return entries.length === 0 ? { op: 'none' } : { op: 'delete', entries };
}

/** The row that an entry was, to enter it again. */
export function rowOf(entry: Adjustment): Row {
  return {
    product: entry.product,
    region: entry.region,
    period: entry.period,
    measure: entry.measure,
    kind: entry.kind,
    amount: textOf(entry.amount),
    unit: entry.unit ?? null,
    confidence: entry.confidence,
    comment: entry.comment,
  };
}

function newRow({ row, period }: Place, amount: Amount, view: GridView, comment = ''): Row {
  return {
    product: row.product,
    region: row.region,
    period,
    measure: view.measure,
    kind: view.kind,
    amount: textOf(amount),
    unit: view.kind === 'percent' ? null : (view.unit ?? null),
    comment,
  };
}
