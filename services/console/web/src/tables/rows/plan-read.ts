import type { Segment } from './sparse-rows.ts';

/** A page to be read: from one end, or from a row that is known, so that the offset is short wherever the page lies. */
export interface PageRead<T> {
  /** Index of the page's first row. */
  at: number;
  limit: number;
  from: { end: 'start' | 'end' } | { after: T } | { before: T };
  /** Rows between that place and the page. */
  offset: number;
}

export interface Wanted {
  /** Indices, both included. */
  first: number;
  last: number;
}

/** Rows of one page. */
export const PAGE = 200;

/**
 * The next page to read so that the wanted rows are there; undefined: they are. The page begins where the first gap does and goes on beyond what is wanted. What
 * lies nearest is read from: a page deep in the table costs as much as the first one, as long as something beside it is known.
 */
export function planRead<T>(segments: readonly Readonly<Segment<T>>[], total: { rows: number; exact: boolean }, wanted: Wanted): PageRead<T> | undefined {
  const gap = firstGap(segments, { first: Math.max(0, wanted.first), last: Math.min(wanted.last, total.rows - 1) });
  if (!gap) return undefined;
  const before = segments.findLast(({ start, rows }) => start + rows.length <= gap.first);
  const after = segments.find(({ start }) => start > gap.first);
  // Scrolling up leads to a gap that ends at known rows: its page ends there too.
  const upwards = after !== undefined && (before === undefined || after.start - gap.last < gap.first - before.start - before.rows.length);
  const room = { first: before ? before.start + before.rows.length : 0, last: (after?.start ?? total.rows) - 1 };
  const page = upwards
    ? { first: Math.max(room.first, Math.min(gap.first, gap.last - PAGE + 1)), last: gap.last }
    : { first: gap.first, last: Math.min(room.last, gap.first + PAGE - 1) };
  const limit = page.last - page.first + 1;
  const ways: { from: PageRead<T>['from']; offset: number }[] = [{ from: { end: 'start' }, offset: page.first }];
  const [left, right] = [before?.rows.at(-1), after?.rows[0]];
  if (before && left !== undefined) ways.push({ from: { after: left }, offset: page.first - (before.start + before.rows.length) });
  if (after && right !== undefined) ways.push({ from: { before: right }, offset: after.start - 1 - page.last });
  if (total.exact) ways.push({ from: { end: 'end' }, offset: total.rows - 1 - page.last });
  const nearest = ways.reduce((best, way) => (way.offset < best.offset ? way : best));
  return { at: page.first, limit, ...nearest };
}

function firstGap<T>(segments: readonly Readonly<Segment<T>>[], { first, last }: Wanted): Wanted | undefined {
  let at = first;
  for (const { start, rows } of segments) {
    if (start > at) break;
    at = Math.max(at, start + rows.length);
  }
  if (at > last) return undefined;
  const next = segments.find(({ start }) => start > at);
  return { first: at, last: Math.min(last, (next?.start ?? Infinity) - 1) };
}

/** Whether a page is read against the order. */
export function isBackwards({ from }: Pick<PageRead<unknown>, 'from'>): boolean {
  return 'before' in from || ('end' in from && from.end === 'end');
}
