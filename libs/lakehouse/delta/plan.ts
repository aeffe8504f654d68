import type { Action, AddFile } from './actions.ts';
import type { Touched } from './conflict.ts';
import type { Session } from './engine.ts';
import type { Snapshot } from './snapshot.ts';
import type { Attempt } from './workplace.ts';

/** Where an attempt works. */
export interface Work {
  session: Session;
  attempt: Attempt;
}

/** What one attempt wants to commit on top of a snapshot. */
export interface Plan {
  actions: Action[];
  operation: string;
  rows: bigint;
  touched: Touched;
}

export function removed(file: AddFile): { remove: NonNullable<Action['remove']> } {
  const { path, partitionValues, size } = file;
  return { remove: { path, deletionTimestamp: Date.now(), dataChange: true, extendedFileMetadata: true, partitionValues, size } };
}

/** Rows of the files that are added, as their statistics say. */
export function rowsIn(actions: readonly Action[]): bigint {
  return actions.reduce((sum, { add }) => sum + BigInt(recordsOf(add?.stats) ?? 0), 0n);
}

/** Undefined where there are no statistics. */
export function recordsOf(stats: string | null | undefined): number | undefined {
  return stats ? (JSON.parse(stats) as { numRecords?: number }).numRecords : undefined;
}

export function filesAfter(snapshot: Snapshot, actions: readonly Action[]): Map<string, AddFile> {
  const files = new Map(snapshot.files);
  for (const { remove } of actions) if (remove) files.delete(remove.path);
  for (const { add } of actions) if (add) files.set(add.path, add);
  return files;
}

/** Bins of at least two files that together stay near the target. */
export function binsOf(files: readonly AddFile[], target: number): AddFile[][] {
  const bins: AddFile[][] = [];
  let bin: AddFile[] = [];
  let size = 0;
  for (const file of files) {
    if (bin.length > 0 && size + file.size > target) {
      bins.push(bin);
      [bin, size] = [[], 0];
    }
    bin.push(file);
    size += file.size;
  }
  return [...bins, bin].filter(({ length }) => length > 1);
}
