import type { Key } from '../../sheet/selection.ts';
import type { GridColumn } from '../columns/grid-column.ts';

/** What a key does where no cell is being edited; `type` begins an edit over the cell. Undefined: nothing of ours. */
export type SheetAction = 'edit' | 'type' | 'toggle' | 'clear' | 'undo' | 'all' | 'row' | 'move';

export function sheetActionOf(key: Key & { alt: boolean }, column: Pick<GridColumn, 'kind'> | undefined): SheetAction | undefined {
  const letter = key.key.toLowerCase();
  if (key.control && !key.alt && letter === 'a') return 'all';
  if (key.control && !key.alt && letter === 'z' && !key.shift) return 'undo';
  if (key.key === ' ' && key.shift) return 'row';
  if (key.key === ' ' && column?.kind === 'boolean') return 'toggle';
  if (key.key === 'F2' || (key.key === 'Enter' && !key.shift && !key.control)) return 'edit';
  if (key.key === 'Delete' || key.key === 'Backspace') return 'clear';
  if (/^(?:Arrow|Page|Home|End|Tab|Enter)/.test(key.key)) return 'move';
  // "?" opens the help of the room everywhere.
  return !key.control && !key.alt && /^.$/u.test(key.key) && key.key !== '?' ? 'type' : undefined;
}
