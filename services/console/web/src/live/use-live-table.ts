import { useEffect, useSyncExternalStore } from 'react';
import type { LiveTable, LiveTableView, Seen } from './live-table.ts';
import { useFollowed } from './use-followed.ts';

/** The table's rows, followed while this component is there. `table` stays the same object as long as the same rows are meant. */
export function useLiveTable<T>(table: LiveTable<T>): LiveTableView<T> {
  useFollowed(table);
  return useSyncExternalStore(table.subscribe, table.view);
}

/** Calls `watcher`, which stays the same function, with each batch of changes. */
export function useChanges<T>(table: LiveTable<T>, watcher: (changes: readonly Seen<T>[]) => void): void {
  useEffect(() => table.watch(watcher), [table, watcher]);
}
