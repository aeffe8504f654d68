import type { Snapshot } from './snapshot.ts';
import type { Workplace } from './workplace.ts';

const HOUR_MS = 3_600_000;

/**
 * Deletes data files that the table has no use for: neither active, nor removed less than `retentionHours` ago, nor being read or written here, nor younger
 * than the retention (a writer elsewhere may be about to name them).
 */
export async function vacuum(workplace: Workplace, directory: string, snapshot: Snapshot, retentionHours: number): Promise<{ deletedFiles: number }> {
  const oldest = Date.now() - retentionHours * HOUR_MS;
  const kept = new Set<string>();
  for (const { path } of snapshot.files.values()) kept.add(workplace.pathOf(directory, path));
  for (const { path, deletionTimestamp } of snapshot.tombstones.values()) if ((deletionTimestamp ?? 0) > oldest) kept.add(workplace.pathOf(directory, path));
  let deletedFiles = 0;
  for (const { path, modifiedMs } of await workplace.storage.files(directory)) {
    const full = `${directory}/${path}`;
    if (path.startsWith('_delta_log/') || modifiedMs > oldest || kept.has(full) || workplace.inUse(full)) continue;
    await workplace.storage.delete(full);
    deletedFiles += 1;
  }
  return { deletedFiles };
}
