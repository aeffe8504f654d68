import type { HistoryRow } from './table-info.ts';

/** What is known of a write whose version is looked for. */
export interface Wanted {
  /** The newest version before the write began. */
  baseVersion: bigint;
  operation: string;
  rows: bigint | undefined;
}

/**
 * Versions after `baseVersion` that the write may have made, oldest first. DESCRIBE HISTORY does not say which statement made a version, so they are those of the same operation and, where both sides know it,
 * the same number of rows. One alone is certain; several are there only when others wrote the table at the same moment.
 */
export function candidates(history: readonly HistoryRow[], { baseVersion, operation, rows }: Wanted): HistoryRow[] {
  const newer = history
    .filter((row) => row.version > baseVersion && row.operation.toUpperCase().startsWith(operation))
    .toSorted((a, b) => (a.version < b.version ? -1 : 1));
  const same = newer.filter(({ metrics }) => rows === undefined || metrics['numOutputRows'] === undefined || metrics['numOutputRows'] === String(rows));
  return same.length > 0 ? same : newer;
}
