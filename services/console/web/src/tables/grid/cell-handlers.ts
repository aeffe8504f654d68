import type { GridColumn } from '../columns/grid-column.ts';
import type { EditorProps } from '../editors/editor.ts';
import type { GridRow } from '../rows/grid-row.ts';

/** What an edit of a cell leads to. */
export interface CellHandlers {
  onKeep: (row: GridRow, column: GridColumn, ...kept: Parameters<EditorProps['keep']>) => void;
  onGiveUp: () => void;
  /** What stands at the cell is settled: mine is written over theirs, or theirs stays. */
  onSettle: (row: GridRow, column: GridColumn, choice: 'mine' | 'theirs') => void;
}
