/**
 * A scroller for more rows than a browser draws: elements end at some ten million px. Up to `MOST_PX` the two spaces are one. Beyond, small steps are steps in both,
 * so that wheel and keys move as ever; a drag of the thumb jumps in proportion; and where the scroller's end comes before the table's, the thumb is put right.
 */
export const MOST_PX = 8_000_000;
/** So close to either end the two spaces run side by side: one gets there by small steps as well, px. */
const MARGIN_PX = 100_000;

export interface ScrollPlace {
  /** px, of the element. */
  scrollTop: number;
  /** What is added to get the place among all rows, px. */
  shift: number;
}
export interface ScrollSize {
  /** Height of all rows, px. */
  rows: number;
  /** Height of what is seen, px. */
  view: number;
}

/** Height of the scrolled element, px. */
export function drawnHeight(rows: number): number {
  return Math.min(rows, MOST_PX);
}

/** Where one is after the element was scrolled. */
export function scrolled(before: ScrollPlace, scrollTop: number, size: ScrollSize): ScrollPlace {
  if (size.rows <= MOST_PX) return { scrollTop, shift: 0 };
  const step = scrollTop - before.scrollTop;
  const top = Math.abs(step) <= size.view ? clamp(before.scrollTop + before.shift + step, size) : topAt(scrollTop, size);
  const atEdge = scrollTop <= 0 || scrollTop >= MOST_PX - size.view;
  return atEdge ? placeAt(top, size) : { scrollTop, shift: top - scrollTop };
}

/** The place that shows the rows from `top` px on, the thumb in proportion. */
export function placeAt(top: number, size: ScrollSize): ScrollPlace {
  const wanted = clamp(top, size);
  if (size.rows <= MOST_PX) return { scrollTop: wanted, shift: 0 };
  const fromEnd = size.rows - size.view - wanted;
  const scrollTop =
    wanted <= MARGIN_PX ? wanted : fromEnd <= MARGIN_PX ? MOST_PX - size.view - fromEnd : MARGIN_PX + Math.round((wanted - MARGIN_PX) / ratioOf(size));
  return { scrollTop, shift: wanted - scrollTop };
}

/** `top` that brings a row into view by the shortest way; undefined: it is seen already. */
export function topFor(row: { start: number; height: number }, { scrollTop, shift }: ScrollPlace, { view }: ScrollSize): number | undefined {
  const top = scrollTop + shift;
  if (row.start < top) return row.start;
  return row.start + row.height > top + view ? row.start + row.height - view : undefined;
}

/** The other way round: what the thumb points at. */
function topAt(scrollTop: number, size: ScrollSize): number {
  const fromEnd = MOST_PX - size.view - scrollTop;
  if (scrollTop <= MARGIN_PX) return scrollTop;
  return fromEnd <= MARGIN_PX ? size.rows - size.view - fromEnd : MARGIN_PX + (scrollTop - MARGIN_PX) * ratioOf(size);
}

/** px of rows for one px of the element, between the margins. */
function ratioOf({ rows, view }: ScrollSize): number {
  return (rows - view - 2 * MARGIN_PX) / (MOST_PX - view - 2 * MARGIN_PX);
}

function clamp(top: number, { rows, view }: ScrollSize): number {
  return Math.max(0, Math.min(top, rows - view));
}
