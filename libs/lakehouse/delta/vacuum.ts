import { hit } from '#libs/runtime/failpoints';
import type { Snapshot } from './snapshot.ts';
import type { DeltaStorage } from './storage.ts';

const HOUR_MS = 3_600_000;

/** A file that a killed process left half-written: nobody writes one for that long. */
const STALE_MS = HOUR_MS;

/**
 * Deletes data files that the table has no use for: neither active, nor removed less than `retentionMs` ago, nor being read or written here, nor younger
 * than the retention (a writer elsewhere may be about to name them). Hidden files and directories (`_`, `.`) are others' affair, except what we left there.
 */
export async function vacuum({ storage, inUse }: Vacuumed, directory: string, snapshot: Snapshot, retentionMs: number): Promise<{ deletedFiles: number }> {
  const now = Date.now();
  const oldest = now - retentionMs;
  const kept = new Set<string>();
  for (const { path } of snapshot.files.values()) kept.add(storage.resolve(directory, path));
  for (const { path, deletionTimestamp } of snapshot.tombstones.values()) if ((deletionTimestamp ?? 0) > oldest) kept.add(storage.resolve(directory, path));
  const doomed: string[] = [];
  const stale: string[] = [];
  for (const { path, modifiedMs } of await storage.files(directory)) {
    const full = `${directory}/${path}`;
    if (/(^|\/)\.[0-9a-f-]{36}\.tmp$/.test(path)) {
      if (modifiedMs < now - STALE_MS) stale.push(full);
    } else if (!hidden(path) && modifiedMs <= oldest && !kept.has(full) && !inUse(full)) doomed.push(full);
  }
  await storage.delete(stale);
  for (let from = 0; from < doomed.length; from += 100) {
    await hit('delta.vacuuming');
    await storage.delete(doomed.slice(from, from + 100));
  }
  return { deletedFiles: doomed.length };
}

export interface Vacuumed {
  storage: DeltaStorage;
  inUse: (path: string) => boolean;
}

/** A partition's directory may begin with `_`. */
function hidden(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('.') || (name.startsWith('_') && !name.includes('=')));
}
