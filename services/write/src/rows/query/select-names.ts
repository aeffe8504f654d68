import type { RowQuery, SelectItem } from './row-query.ts';

/** `*`, as an item of a list; `count()` is of that column too. */
export function isEverything({ field, aggregate }: SelectItem): boolean {
  return field.column === '*' && field.path.length === 0 && aggregate === undefined;
}

/** Whether a select list makes the request one of groups. */
export function isGrouped(items: readonly SelectItem[] | null): items is readonly SelectItem[] {
  return items?.some(({ aggregate }) => aggregate !== undefined) ?? false;
}

/** Whether anything is aggregated, in what is embedded too. */
export function hasAggregates({ select, embeds }: Pick<RowQuery, 'select' | 'embeds'>): boolean {
  return isGrouped(select) || embeds.some(({ query }) => hasAggregates(query));
}

/** The name in the answer. PostgREST names a JSON place after the last key in its path, and an aggregate after its function. */
export function outputName({ field: { column, path }, alias, aggregate }: SelectItem): string {
  if (alias !== undefined) return alias;
  if (aggregate) return aggregate.name;
  return (path.findLast(({ key }) => typeof key === 'string')?.key as string | undefined) || column;
}
