import type { ReactNode } from 'react';
import type { Amount } from './decimal.ts';
import type { Cell, Grid, GridRow } from './grid-model.ts';
import type { Reference } from './reference.ts';
import type { Rectangle, Selection } from '../sheet/selection.ts';
import type { TeamView } from './team-table.ts';

/** Of a line, px. */
export const ROW_HEIGHT = 34;

/** What the grid asks of the page. */
export interface GridActions {
  /** Called when an edit begins, so that its version is known. */
  onBegin: (cell: Cell | undefined) => void;
  onCommit: (row: GridRow, period: string, amount: Amount) => void;
  onClear: (rectangle: Rectangle) => void;
  onPaste: (block: string[][], at: Rectangle) => void;
  onUndo: () => void;
  /** To comment and confidence of the cell. */
  onDetails: () => void;
}

export interface TeamGridProps extends GridActions {
  label: string;
  grid: Grid;
  reference: Reference;
  view: TeamView;
  /** Unit of the view: cells in another one say so. */
  unit: string | undefined;
  /** Amounts are changes. */
  signed: boolean;
  /** What the baseline has there; undefined: nothing, or not known. */
  ghostOf: (row: GridRow, period: string) => Amount | undefined;
  placeOf: (row: GridRow, period: string) => string;
  editable: boolean;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** Answers to a refusal, by place. */
  onDismiss: (place: string) => void;
  onInsist: (place: string) => void;
  empty: ReactNode;
}
