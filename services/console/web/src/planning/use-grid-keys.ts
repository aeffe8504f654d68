import { type ClipboardEvent, type KeyboardEvent, type MouseEvent, type RefObject, useRef, useState } from 'react';
import { readBlock, writeBlock } from '../sheet/block.ts';
import { actionOf, editActionOf, type KeyAction } from './grid-keys.ts';
import { cellKey, type Grid } from './grid-model.ts';
import { localStyle } from '../sheet/numeral.ts';
import { readNumber } from './read-number.ts';
import { clamped, type Key, moved, type Point, rectangleOf, type Selection, type Size } from '../sheet/selection.ts';
import { plainAmount } from './show-amount.ts';
import { ROW_HEIGHT, type TeamGridProps } from './team-grid-props.ts';

/** How this browser's language writes numbers. */
export const LOCAL = localStyle();

export interface Editing {
  text: string;
  /** Typed over a cell: arrows keep it and move on. */
  over: boolean;
  /** Not a number. */
  wrong: boolean;
}

interface Place {
  sheet: RefObject<HTMLTableElement | null>;
  /** Height of what is seen, px. */
  page: () => number;
  scrollTo: (row: number) => void;
}

type Focus = { row: TeamGridProps['grid']['rows'][number] | undefined; period: string | undefined };

/** Keys, clipboard and mouse of the grid, and the cell that is being edited. */
export function useGridKeys(props: TeamGridProps, { sheet, page, scrollTo }: Place) {
  const { grid, selection } = props;
  const size: Omit<Size, 'page'> = { rows: grid.rows.length, columns: grid.periods.length };
  const select = (next: Selection): void => {
    const to = clamped(next, { ...size, page: 1 });
    props.onSelect(to);
    scrollTo(to.focus.row);
  };
  const focusGrid = (): void => sheet.current?.focus({ preventScroll: true });
  const edit = useEdit(props, focusGrid);
  /** After Escape the next Tab leaves the grid. */
  const leaving = useRef(false);
  const act: Readonly<Record<Exclude<KeyAction, 'move'>, (key: Key) => void>> = {
    edit: () => edit.begin(undefined),
    type: ({ key }) => edit.begin(key),
    clear: () => props.onClear(rectangleOf(selection)),
    undo: props.onUndo,
    all: () => props.onSelect({ anchor: { row: 0, column: 0 }, focus: { row: size.rows - 1, column: size.columns - 1 } }),
    details: props.onDetails,
  };
  const go = (event: KeyboardEvent, key: Key): void => {
    const next = moved(selection, key, { ...size, page: Math.max(1, Math.floor(page() / ROW_HEIGHT) - 2) }, (point) => isFilled(grid, point));
    if (!next) return;
    event.preventDefault();
    select(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || isElsewhere(event)) return;
    const key = { key: event.key, shift: event.shiftKey, control: event.ctrlKey || event.metaKey, alt: event.altKey };
    if (key.key === 'Tab' && leaving.current) return;
    leaving.current = key.key === 'Escape' && !edit.editing;
    if (edit.editing) {
      const action = editActionOf(key, edit.editing.over);
      if (action === 'none') return;
      event.preventDefault();
      event.stopPropagation();
      if (action === 'give-up') edit.giveUp();
      else if (edit.keep()) go(event, key);
      return;
    }
    const action = actionOf(key, props.editable);
    if (action === 'move') return go(event, key);
    event.preventDefault();
    act[action](key);
  };
  return { ...edit, focusGrid, handlers: { onKeyDown, ...useMouse({ select, edit, selection }), ...clipboard(props, edit.editing !== undefined) } };
}

/** The field in the focused cell: begun, typed into, kept or given up. */
function useEdit(props: TeamGridProps, focusGrid: () => void) {
  const { grid, selection } = props;
  const { row: line, column } = selection.focus;
  const [held, setEditing] = useState<Editing & { at: string }>();
  const here = `${props.label}/${line}/${column}`;
  // An edit belongs to its cell: one that was left otherwise is over.
  const editing = held?.at === here ? held : undefined;
  // What is kept is kept once, though leaving the field and its going away may both tell.
  const open = useRef(false);
  const at: Focus = { row: grid.rows[line], period: grid.periods[column] };
  const cell = at.row && at.period ? grid.cells.get(cellKey(at.row, at.period)) : undefined;
  const close = (): void => {
    open.current = false;
    setEditing(undefined);
    focusGrid();
  };
  const begin = (text: string | undefined): void => {
    if (!props.editable || !at.row) return;
    props.onBegin(cell);
    open.current = true;
    setEditing({ at: here, text: text ?? (cell?.amount === undefined ? '' : plainAmount(cell.amount, LOCAL)), over: text !== undefined, wrong: false });
  };
  /** False when it can't be kept: what was typed is no number. */
  const keep = (): boolean => {
    if (!open.current || !editing || !at.row || !at.period) return true;
    const amount = readNumber(editing.text, LOCAL);
    if (amount === undefined && editing.text.trim() !== '') {
      setEditing({ ...editing, wrong: true, at: here });
      return false;
    }
    if (amount === undefined) props.onClear({ top: line, bottom: line, left: column, right: column });
    else props.onCommit(at.row, at.period, amount);
    close();
    return true;
  };
  return { editing, begin, keep, giveUp: close, type: (text: string) => setEditing((before) => before && { ...before, text, wrong: false }) };
}

/** In a dialog or button that lies in the grid. */
function isElsewhere(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest('button, [role="dialog"]') !== null;
}

function isFilled(grid: Grid, { row, column }: Point): boolean {
  const [line, period] = [grid.rows[row], grid.periods[column]];
  return line !== undefined && period !== undefined && grid.cells.has(cellKey(line, period));
}

interface MouseContext {
  select: (selection: Selection) => void;
  edit: ReturnType<typeof useEdit>;
  selection: Selection;
}

/** A click chooses, Shift extends, dragging selects, a double click edits. */
function useMouse({ select, edit, selection }: MouseContext) {
  const dragging = useRef(false);
  const pointOf = (event: MouseEvent): Point | undefined => {
    const found = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null;
    return found ? { row: Number(found.dataset['row']), column: Number(found.dataset['column']) } : undefined;
  };
  const inControl = (event: MouseEvent): boolean => event.target instanceof Element && event.target.closest('input, button, [role="dialog"]') !== null;
  return {
    onMouseDown: (event: MouseEvent) => {
      const point = pointOf(event);
      if (!point || event.button !== 0 || inControl(event) || (edit.editing && !edit.keep())) return;
      dragging.current = true;
      select({ focus: point, anchor: event.shiftKey ? selection.anchor : point });
    },
    onMouseOver: (event: MouseEvent) => {
      const point = pointOf(event);
      if (point && dragging.current && event.buttons === 1) select({ focus: point, anchor: selection.anchor });
    },
    onMouseUp: () => {
      dragging.current = false;
    },
    onDoubleClick: (event: MouseEvent) => (pointOf(event) && !inControl(event) ? edit.begin(undefined) : undefined),
  };
}

function clipboard(props: TeamGridProps, editing: boolean) {
  const { grid, selection } = props;
  const copy = (event: ClipboardEvent): void => {
    if (editing) return;
    const { top, left, bottom, right } = rectangleOf(selection);
    const rows = grid.rows.slice(top, bottom + 1).map((row) =>
      grid.periods.slice(left, right + 1).map((period) => {
        const amount = grid.cells.get(cellKey(row, period))?.amount;
        return amount === undefined ? '' : plainAmount(amount, LOCAL);
      }),
    );
    event.preventDefault();
    event.clipboardData.setData('text/plain', writeBlock(rows));
  };
  return {
    onCopy: copy,
    onCut: (event: ClipboardEvent): void => {
      copy(event);
      if (!editing && props.editable) props.onClear(rectangleOf(selection));
    },
    onPaste: (event: ClipboardEvent): void => {
      const text = event.clipboardData.getData('text/plain');
      if (editing || !props.editable || text === '') return;
      event.preventDefault();
      props.onPaste(readBlock(text), rectangleOf(selection));
    },
  };
}
