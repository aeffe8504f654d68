import type { Key } from '../sheet/selection.ts';

/** What a key does in a grid where no cell is being edited; `move` is for `moved` to answer, `type` begins an edit over the cell. */
export type KeyAction = 'edit' | 'type' | 'clear' | 'undo' | 'all' | 'details' | 'move';

export function actionOf(key: Key & { alt: boolean }, editable: boolean): KeyAction {
  const letter = key.key.toLowerCase();
  if (key.control && !key.alt && letter === 'a') return 'all';
  if (!editable) return key.key === 'F2' && key.shift ? 'details' : 'move';
  if (key.control && !key.alt && letter === 'z' && !key.shift) return 'undo';
  if (key.key === 'F2') return key.shift ? 'details' : 'edit';
  if (key.key === 'Enter' && !key.shift && !key.control) return 'edit';
  if (key.key === 'Delete' || key.key === 'Backspace') return 'clear';
  return !key.control && !key.alt && /^[\d.,+\-−(]$/.test(key.key) ? 'type' : 'move';
}

/** What a key does in a cell's field. Over a cell that was typed into, arrows keep and go on, as in a spreadsheet; else they move the caret. */
export function editActionOf({ key }: Pick<Key, 'key'>, over: boolean): 'keep' | 'give-up' | 'none' {
  if (key === 'Escape') return 'give-up';
  return key === 'Enter' || key === 'Tab' || (over && key.startsWith('Arrow')) ? 'keep' : 'none';
}
