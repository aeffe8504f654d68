import type { Action } from './actions.ts';

/** What a write depends on, besides the table's schema: everything in the table, or certain files, or nothing (a blind append). */
export interface Touched {
  all?: boolean;
  files?: ReadonlySet<string>;
}

/**
 * Whether a write planned before `winner` may be committed after it unchanged (Delta protocol leaves the rule to writers; this one is serializable).
 * A change of protocol or metadata, the same application transaction, or anything that the write has read, says no. Rows that only moved change nothing
 * for a write that read none of their files.
 */
export function rebases({ all = false, files }: Touched, appId: string | undefined, winner: readonly Action[]): boolean {
  for (const { protocol, metaData, txn, add, remove } of winner) {
    if (protocol || metaData) return false;
    if (txn && txn.appId === appId) return false;
    if (all && (add || remove)) return false;
    if (remove && files?.has(remove.path)) return false;
  }
  return true;
}
