import type { LineChange, LineKey, PlanDiff } from './plan.ts';

/**
 * The diffs of a run's scopes as one, with each line at most once: a product or region that moves in its hierarchy takes its lines from one scope to another,
 * and there they are changed lines, neither removed nor new. Without this a line's removal could undo its own upsert.
 */
export function mergeDiffs(diffs: readonly PlanDiff[]): PlanDiff {
  const upserts = diffs.flatMap((diff) => diff.upserts);
  const conflictUpserts = diffs.flatMap((diff) => diff.conflictUpserts);
  const [written, standing] = [new Set(upserts.map(lineKey)), new Set(conflictUpserts.map(({ id }) => id))];
  const changes = new Map<string, LineChange>();
  for (const change of diffs.flatMap((diff) => diff.changes)) {
    const there = changes.get(lineKey(change));
    changes.set(lineKey(change), there === undefined ? change : joined(there, change));
  }
  return {
    upserts,
    removals: diffs.flatMap((diff) => diff.removals).filter((line) => !written.has(lineKey(line))),
    changes: [...changes.values()].filter(({ before, after }) => (before ?? 0n) !== (after ?? 0n)),
    conflictUpserts,
    conflictRemovals: diffs.flatMap((diff) => diff.conflictRemovals).filter((id) => !standing.has(id)),
  };
}

export function lineKey({ product, region, period, measure }: LineKey): string {
  return `${product}|${region}|${period}|${measure}`;
}

function joined(one: LineChange, other: LineChange): LineChange {
  return { ...one, before: one.before ?? other.before, after: one.after ?? other.after, causes: [...one.causes, ...other.causes] };
}
