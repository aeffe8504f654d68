import type { LakeTable, Lakehouse } from '../lakehouse.ts';

/** The application transaction by which a history table tells how far it has a partition of its topic: the offset after the last one. */
export function historyProgress(topic: string, partition: number): string {
  return `lakeloop:${topic}/${partition}`;
}

/** The same of a base table, for changes that are merged. */
export function baseProgress(partition: number): string {
  return `lakeloop:merge/${partition}`;
}

/**
 * The highest offset of each partition that a base table has the effect of, for `currentSql`; ask before the base is pinned, since a base that is newer than
 * that does no harm. Undefined on Databricks, where asking costs more than it saves.
 */
export async function mergedOffsets(lakehouse: Lakehouse, base: LakeTable): Promise<ReadonlyMap<number, bigint> | undefined> {
  if (lakehouse.dialect !== 'duckdb') return undefined;
  const offsets = new Map<number, bigint>();
  for (;;) {
    const next = await lakehouse.lastTransaction(base, baseProgress(offsets.size));
    // Partitions beyond the first that has none are read whole.
    if (next === undefined) return offsets;
    offsets.set(offsets.size, next - 1n);
  }
}
