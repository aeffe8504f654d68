import { type ClipboardEvent, type DragEvent, type KeyboardEvent, type MouseEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { readBlock, writeBlock } from '../../sheet/block.ts';
import { clamped, type Key, moved, type Point, type Rectangle, rectangleOf, type Selection } from '../../sheet/selection.ts';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { Draft } from '../editors/draft.ts';
import type { GridRow } from '../rows/grid-row.ts';
import { type SheetAction, sheetActionOf } from './sheet-keys.ts';

export interface SheetContext {
  columns: readonly GridColumn[];
  /** Names of columns that the table calls otherwise now, by the name before. */
  renamed: ReadonlyMap<string, string>;
  /** Rows in all, loaded or not. */
  count: number;
  at: (index: number) => GridRow | undefined;
  indexOf: (key: string) => number | undefined;
  /** Rows that fit. */
  page: number;
  scrollTo: (row: number) => void;
  scrollToColumn: (column: number) => void;
  sheet: RefObject<HTMLElement | null>;
  acts: SheetActs;
}

/** What the keys and the clipboard lead to. */
export interface SheetActs {
  toggle: (row: GridRow, column: GridColumn) => void;
  clear: (rectangle: Rectangle) => void;
  undo: () => void;
  paste: (block: string[][], rectangle: Rectangle) => void;
  /** Whether a cell can be edited; says why not, where it can't. */
  mayEdit: (row: GridRow, column: GridColumn) => boolean;
  /** The column of an open editor is gone, or hidden: what was typed can't be kept. */
  lost: (column: string, text: string | undefined) => void;
}

/** The cell whose editor is open. */
export interface Editing {
  rowKey: string;
  column: string;
  draft: Draft;
  /** What the cell was then: whatever others make of it meanwhile, the edit is held against this. */
  base: CellValue;
  /** A file that was dropped on the cell. */
  dropped?: File | undefined;
}

const TOP: Selection = { focus: { row: 0, column: 0 }, anchor: { row: 0, column: 0 } };

/** Selection, keys, mouse and clipboard of the grid, and which cell is being edited. */
export function useSheet(context: SheetContext) {
  const { columns, count, at, sheet } = context;
  const [held, setSelection] = useState(TOP);
  const [editing, setEditing] = useState<Editing>();
  const size = { rows: Math.max(1, count), columns: Math.max(1, columns.length), page: context.page };
  const selection = clamped(held, size);
  const follow = useFollowedRow(context, selection, setSelection);
  useFollowedColumns(context, { selection, setSelection, editing, setEditing });
  const select = (next: Selection): void => {
    const to = clamped(next, size);
    setSelection(to);
    follow(to.focus.row);
    context.scrollTo(to.focus.row);
    context.scrollToColumn(to.focus.column);
  };
  const focusGrid = (): void => sheet.current?.focus({ preventScroll: true });
  const begin = (typed: string | undefined, point: Point = selection.focus, dropped?: File): void => {
    const [row, column] = [at(point.row), columns[point.column]];
    if (row && column && context.acts.mayEdit(row, column))
      setEditing({ rowKey: row.key, column: column.name, draft: new Draft(typed), base: row.values[column.name] ?? null, dropped });
  };
  const end = (): void => {
    setEditing(undefined);
    focusGrid();
  };
  const go = (key: Key): boolean => {
    const next = moved(selection, key, size, () => true);
    if (next) select(next);
    return next !== undefined;
  };
  return {
    selection,
    editing,
    select,
    begin,
    end,
    go,
    focusGrid,
    handlers: {
      ...useKeys(context, { selection, editing, begin, go, select }),
      ...fileDrops(context, editing !== undefined, (point, file) => {
        select({ focus: point, anchor: point });
        begin(undefined, point, file);
      }),
      ...useMouse({ selection, editing: editing !== undefined, select, begin }),
      ...clipboard(context, selection, editing !== undefined),
    },
  };
}

/** The focus stays on its row while others come and go above it. Gives a function that says which row that is from now on. */
function useFollowedRow({ at, indexOf }: SheetContext, selection: Selection, setSelection: (selection: Selection) => void): (row: number) => void {
  const followed = useRef<string | undefined>(undefined);
  const { focus, anchor } = selection;
  const here = at(focus.row)?.key;
  useEffect(() => {
    const key = followed.current;
    const index = key === undefined || here === key ? undefined : indexOf(key);
    if (here === undefined || here === key) return;
    if (index === undefined) followed.current = here;
    else setSelection({ focus: { ...focus, row: index }, anchor: { ...anchor, row: Math.max(0, anchor.row + index - focus.row) } });
  });
  return (row) => {
    followed.current = at(row)?.key;
  };
}

interface Placed {
  selection: Selection;
  setSelection: (selection: Selection) => void;
  editing: Editing | undefined;
  setEditing: (editing: Editing | undefined) => void;
}

/** Focus, selection and editor stay on their columns while others come and go, and when theirs is renamed. */
function useFollowedColumns({ columns, renamed, acts, sheet }: SheetContext, { selection, setSelection, editing, setEditing }: Placed): void {
  const drawn = useRef(columns);
  useEffect(() => {
    const before = drawn.current;
    drawn.current = columns;
    if (before === columns) return;
    const now = (name: string | undefined): number => columns.findIndex((column) => column.name === (renamed.get(name ?? '') ?? name));
    const { focus, anchor } = selection;
    const [focused, anchored] = [focus, anchor].map((point) => ({ ...point, column: now(before[point.column]?.name) })) as [Point, Point];
    if (focused.column >= 0 && anchored.column >= 0 && (focused.column !== focus.column || anchored.column !== anchor.column))
      setSelection({ focus: focused, anchor: anchored });
    if (!editing) return;
    const column = columns[now(editing.column)];
    if (column) return column.name === editing.column ? undefined : setEditing({ ...editing, column: column.name });
    acts.lost(before.find(({ name }) => name === editing.column)?.title ?? editing.column, editing.draft.text);
    setEditing(undefined);
    sheet.current?.focus({ preventScroll: true });
  });
}

interface Held {
  selection: Selection;
  editing: Editing | undefined;
  begin: (typed: string | undefined) => void;
  go: (key: Key) => boolean;
  select: (selection: Selection) => void;
}

function useKeys({ columns, count, at, acts }: SheetContext, { selection, editing, begin, go, select }: Held) {
  /** After Escape the next Tab leaves the grid. */
  const leaving = useRef(false);
  const { focus } = selection;
  const act: Readonly<Record<Exclude<SheetAction, 'move'>, (key: Key) => void>> = {
    edit: () => begin(undefined),
    type: ({ key }) => begin(key),
    toggle: () => {
      const [row, column] = [at(focus.row), columns[focus.column]];
      if (row && column) acts.toggle(row, column);
    },
    clear: () => acts.clear(rectangleOf(selection)),
    undo: acts.undo,
    all: () => select({ anchor: { row: 0, column: 0 }, focus: { row: count - 1, column: columns.length - 1 } }),
    row: () => select({ anchor: { row: selection.anchor.row, column: 0 }, focus: { row: focus.row, column: columns.length - 1 } }),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (editing || event.nativeEvent.isComposing || isElsewhere(event)) return;
    const key = { key: event.key, shift: event.shiftKey, control: event.ctrlKey || event.metaKey, alt: event.altKey };
    if (key.key === 'Tab' && leaving.current) return;
    leaving.current = key.key === 'Escape';
    const action = sheetActionOf(key, columns[focus.column]);
    if (action === 'move' ? go(key) : action !== undefined) event.preventDefault();
    if (action !== undefined && action !== 'move') act[action](key);
  };
  return { onKeyDown };
}

/** A click chooses, Shift extends, dragging selects, a double click edits; a row's number chooses the row. */
function useMouse({ selection, editing, select, begin }: Omit<Held, 'editing' | 'go'> & { editing: boolean }) {
  const dragging = useRef(false);
  return {
    onMouseDown: (event: MouseEvent) => {
      const point = pointOf(event);
      if (!point || event.button !== 0 || editing) return;
      dragging.current = !point.whole;
      const anchor = event.shiftKey ? selection.anchor : point;
      if (point.whole) select({ focus: { row: point.row, column: Number.MAX_SAFE_INTEGER }, anchor: { row: anchor.row, column: 0 } });
      else select({ focus: point, anchor });
    },
    onMouseOver: (event: MouseEvent) => {
      const point = dragging.current && event.buttons === 1 ? pointOf(event) : undefined;
      if (point && !point.whole) select({ focus: point, anchor: selection.anchor });
    },
    onMouseUp: () => {
      dragging.current = false;
    },
    onDoubleClick: (event: MouseEvent) => {
      const point = pointOf(event);
      if (point && !point.whole) begin(undefined);
    },
  };
}

/** A file may be dropped on a cell of files, and nowhere else: a browser would leave the page for it. */
function fileDrops({ columns }: SheetContext, editing: boolean, drop: (point: Point, file: File) => void) {
  const cellAt = (event: DragEvent): Point | undefined => {
    const point = event.dataTransfer.types.includes('Files') && !editing ? pointOf(event) : undefined;
    return point && !point.whole && columns[point.column]?.kind === 'file' ? { row: point.row, column: point.column } : undefined;
  };
  return {
    onDragOver: (event: DragEvent): void => {
      if (isElsewhere(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = cellAt(event) ? 'copy' : 'none';
    },
    onDrop: (event: DragEvent): void => {
      if (isElsewhere(event)) return;
      event.preventDefault();
      const [point, [file]] = [cellAt(event), event.dataTransfer.files];
      if (point && file) drop(point, file);
    },
  };
}

function clipboard({ columns, at, acts }: SheetContext, selection: Selection, editing: boolean) {
  const rectangle = rectangleOf(selection);
  const copy = (event: ClipboardEvent): void => {
    if (editing || isElsewhere(event)) return;
    const lines: string[][] = [];
    for (let index = rectangle.top; index <= rectangle.bottom; index += 1) {
      const row = at(index);
      if (row) lines.push(columns.slice(rectangle.left, rectangle.right + 1).map(({ name }) => plainCell(row.values[name])));
    }
    event.preventDefault();
    event.clipboardData.setData('text/plain', writeBlock(lines));
  };
  return {
    onCopy: copy,
    onCut: (event: ClipboardEvent): void => {
      copy(event);
      if (!editing && !isElsewhere(event)) acts.clear(rectangle);
    },
    onPaste: (event: ClipboardEvent): void => {
      const text = event.clipboardData.getData('text/plain');
      if (editing || text === '' || isElsewhere(event)) return;
      event.preventDefault();
      acts.paste(readBlock(text), rectangle);
    },
  };
}

/** In a dialog, button or field that lies in the grid. */
function isElsewhere({ target }: { target: EventTarget | null }): boolean {
  return target instanceof Element && target.closest('button, input, textarea, [role="dialog"], [role="menu"]') !== null;
}

function pointOf({ target }: { target: EventTarget | null }): (Point & { whole: boolean }) | undefined {
  if (!(target instanceof Element) || target.closest('button, input, textarea, [role="dialog"]')) return undefined;
  const found = target.closest<HTMLElement>('[data-row]');
  const column = found?.dataset['column'];
  return found ? { row: Number(found.dataset['row']), column: Number(column ?? 0), whole: column === undefined } : undefined;
}
