import { useRef } from 'react';
import type { Key } from '../../sheet/selection.ts';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import type { GridRow } from '../rows/grid-row.ts';
import type { Reading } from '../columns/read-cell.ts';
import type { Draft } from './draft.ts';

/** What an open editor is given. It says once what became of it. */
export interface EditorProps {
  column: GridColumn;
  value: CellValue;
  draft: Draft;
  /** Accessible name of the cell. */
  name: string;
  /** Keeps what was read; `key`: the one that did it, by which the grid goes on. A problem is kept only where the editor is left otherwise. */
  keep: (reading: Reading, text: string, key?: Key) => void;
  giveUp: () => void;
  row: GridRow;
  /** A file that was dropped on the cell. */
  dropped: File | undefined;
}

export function keyOf(event: { key: string; shiftKey: boolean }): Key {
  return { key: event.key, shift: event.shiftKey, control: false };
}

/** What becomes of an edit is told once, though leaving the field and its going away may both tell. */
export function useOnce(): (act: () => void) => void {
  const open = useRef(true);
  return (act) => {
    if (!open.current) return;
    open.current = false;
    act();
  };
}
