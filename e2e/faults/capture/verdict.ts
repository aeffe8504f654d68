import type { Entry } from './ledger.ts';

export interface Verdict {
  acknowledged: number;
  delivered: number;
  /** Acknowledged by the database, and not in the topic. */
  lost: number;
  /** Deliveries of what was delivered before. */
  duplicated: number;
  /** First deliveries that come after a later value of their key. */
  outOfOrder: number;
}

/** Compares what the database acknowledged with what the topic has, in its order. */
export function judge(journal: readonly Entry[], delivered: readonly Entry[]): Verdict {
  const seen = new Set<string>();
  const newest = new Map<number, number>();
  let [duplicated, outOfOrder] = [0, 0];
  for (const { key, seq } of delivered) {
    const id = `${key}:${seq}`;
    if (seen.has(id)) duplicated += 1;
    else if (seq < (newest.get(key) ?? 0)) outOfOrder += 1;
    seen.add(id);
    newest.set(key, Math.max(seq, newest.get(key) ?? 0));
  }
  const lost = journal.filter(({ key, seq }) => !seen.has(`${key}:${seq}`)).length;
  return { acknowledged: journal.length, delivered: delivered.length, lost, duplicated, outOfOrder };
}
