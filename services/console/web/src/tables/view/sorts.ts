import type { Sort } from './table-view.ts';

/** What a click on a head does: up, down, not at all. With `add` the other columns stay, and this one orders what they leave equal. */
export function sortedBy(sorts: readonly Sort[], column: string, add: boolean): Sort[] {
  const now = sorts.find((sort) => sort.column === column);
  const next: Sort[] = now === undefined ? [{ column, descending: false }] : now.descending ? [] : [{ column, descending: true }];
  if (!add) return next;
  return now === undefined ? [...sorts, ...next] : sorts.flatMap((sort) => (sort === now ? next : [sort]));
}
