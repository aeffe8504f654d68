/** A place by index: row and column from 0. */
export interface Point {
  row: number;
  column: number;
}
/** `focus` is where keys act; the selection is the rectangle between it and `anchor`. */
export interface Selection {
  focus: Point;
  anchor: Point;
}
export interface Size {
  rows: number;
  columns: number;
  /** Rows that fit on the screen: a page. */
  page: number;
}
export interface Rectangle {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export interface Key {
  key: string;
  shift: boolean;
  /** Control, or Command on a Mac. */
  control: boolean;
}

export function rectangleOf({ focus, anchor }: Selection): Rectangle {
  return {
    top: Math.min(focus.row, anchor.row),
    left: Math.min(focus.column, anchor.column),
    bottom: Math.max(focus.row, anchor.row),
    right: Math.max(focus.column, anchor.column),
  };
}

export function contains(rectangle: Rectangle, row: number, column: number): boolean {
  return row >= rectangle.top && row <= rectangle.bottom && column >= rectangle.left && column <= rectangle.right;
}

export function pointsOf({ top, left, bottom, right }: Rectangle): Point[] {
  return Array.from({ length: bottom - top + 1 }, (_, row) =>
    Array.from({ length: right - left + 1 }, (__, column) => ({ row: top + row, column: left + column })),
  ).flat();
}

/** Where a key leads; undefined for a key that moves nothing, and for Tab at either end of the grid, which leaves it. */
export function moved(selection: Selection, key: Key, size: Size, filled: (at: Point) => boolean): Selection | undefined {
  if (key.key === 'Tab' || key.key === 'Enter') return stepped(selection, key, size);
  const to = target(selection.focus, key, size, filled);
  if (to === undefined) return undefined;
  const focus = within(to, size);
  return { focus, anchor: key.shift ? selection.anchor : focus };
}

export function clamped({ focus, anchor }: Selection, size: Size): Selection {
  return { focus: within(focus, size), anchor: within(anchor, size) };
}

const ARROWS: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function target(from: Point, { key, control }: Key, size: Size, filled: (at: Point) => boolean): Point | undefined {
  const arrow = ARROWS[key];
  if (arrow) return control ? edge(from, arrow, size, filled) : { row: from.row + arrow[0], column: from.column + arrow[1] };
  if (key === 'Home') return { row: control ? 0 : from.row, column: 0 };
  if (key === 'End') return { row: control ? size.rows - 1 : from.row, column: size.columns - 1 };
  if (key === 'PageUp') return { row: from.row - size.page, column: from.column };
  if (key === 'PageDown') return { row: from.row + size.page, column: from.column };
  return undefined;
}

/** Control and an arrow: to the end of a filled run, or to the next filled cell, or to the border. */
function edge(from: Point, [down, right]: readonly [number, number], size: Size, filled: (at: Point) => boolean): Point {
  const next = ({ row, column }: Point): Point => ({ row: row + down, column: column + right });
  const inside = ({ row, column }: Point): boolean => row >= 0 && column >= 0 && row < size.rows && column < size.columns;
  let at = from;
  if (!inside(next(at))) return at;
  const inRun = filled(at) && filled(next(at));
  do at = next(at);
  while (inside(next(at)) && (inRun ? filled(next(at)) : !filled(at)));
  return at;
}

/** Tab goes right and on to the next row, Enter down; with Shift the other way. */
function stepped({ focus }: Selection, { key, shift }: Key, size: Size): Selection | undefined {
  const by = shift ? -1 : 1;
  if (key === 'Enter') {
    const to = within({ row: focus.row + by, column: focus.column }, size);
    return { focus: to, anchor: to };
  }
  const index = focus.row * size.columns + focus.column + by;
  if (index < 0 || index >= size.rows * size.columns) return undefined;
  const to = { row: Math.floor(index / size.columns), column: index % size.columns };
  return { focus: to, anchor: to };
}

function within({ row, column }: Point, size: Size): Point {
  return { row: Math.max(0, Math.min(size.rows - 1, row)), column: Math.max(0, Math.min(size.columns - 1, column)) };
}
