import { hit } from '#libs/runtime/failpoints';
import { checkpoints, commitName } from './log-names.ts';
import type { DeltaStorage } from './storage.ts';

/**
 * Deletes commits and checkpoints that are older than the newest checkpoint which has itself expired (Delta protocol, "Metadata Cleanup"): from that one on
 * every version can still be rebuilt. Oldest first, so that a process killed here leaves no hole. Answers how many files went.
 */
export async function cleanLog(storage: DeltaStorage, directory: string, expiredMs: number): Promise<number> {
  const names = await storage.list(directory);
  let keptFrom: bigint | undefined;
  for (const { version } of checkpoints(names).toReversed()) {
    const commit = await storage.read(`${directory}/${commitName(version)}`);
    if (commit && commit.modifiedMs > expiredMs) break;
    if (commit) keptFrom = version;
  }
  if (keptFrom === undefined) return 0;
  const limit = keptFrom;
  const doomed = names.filter((name) => /^\d{20}\./.test(name) && BigInt(name.slice(0, 20)) < limit).toSorted();
  for (let from = 0; from < doomed.length; from += 100) {
    await storage.delete(doomed.slice(from, from + 100).map((name) => `${directory}/${name}`));
    await hit('delta.log-cleaned');
  }
  return doomed.length;
}
