import type { Amount } from './amount.ts';
import { changedInputs, inputKey, type ChangedInput } from './changed-inputs.ts';
import { lineKey } from './merge-diffs.ts';
import type { Cause, Conflict, Contributor, LineChange, LineKey, PlanDiff, PlanLine, ScopePlan } from './plan.ts';
import type { PublishedScope } from './scope-inputs.ts';

/** What `after` changes against the published plan of the same scope (null: nothing was published), and who caused each change. */
export function diffPlans(before: PublishedScope | null, after: ScopePlan): PlanDiff {
  const was = new Map((before?.lines ?? []).map((line) => [lineKey(line), line]));
  const is = new Map(after.lines.map((line) => [lineKey(line), line]));
  const inputs = changedInputs(before, after);
  const changes: LineChange[] = [];
  const upserts = after.lines.filter((line) => {
    const old = was.get(lineKey(line));
    if ((old?.amount ?? 0n) !== line.amount) changes.push(changeOf(old, line, inputs));
    return old === undefined || !sameLine(old, line);
  });
  const removed = [...was.values()].filter((line) => !is.has(lineKey(line)));
  changes.push(...removed.filter(({ amount }) => amount !== 0n).map((line) => changeOf(line, undefined, inputs)));
  const conflicts = new Map((before?.conflicts ?? []).map((conflict) => [conflict.id, conflict]));
  const stand = new Set(after.conflicts.map(({ id }) => id));
  return {
    upserts,
    removals: removed.map(keyOf),
    changes,
    conflictUpserts: after.conflicts.filter((conflict) => !sameConflict(conflicts.get(conflict.id), conflict)),
    conflictRemovals: [...conflicts.keys()].filter((id) => !stand.has(id)),
  };
}

function keyOf({ product, region, period, measure }: LineKey): LineKey {
  return { product, region, period, measure };
}

function changeOf(before: PlanLine | undefined, after: PlanLine | undefined, inputs: ReadonlyMap<string, ChangedInput>): LineChange {
  const line = (after ?? before) as PlanLine;
  return { ...keyOf(line), before: before?.amount ?? null, after: after?.amount ?? null, causes: causesOf(before, after, inputs) };
}

/** How many of a scope's other changed inputs are named for a line that none of them touches itself. */
const MOST_REMOTE = 20;

/**
 * Why a line changed; amounts sum exactly to the change. Every part of the line that moved is a cause with what it moved by: `direct` if that input itself
 * changed. Where parts moved that did not change themselves (a cut, a competing or finer adjustment, a converted amount), the scope's other changed inputs
 * are behind it: a single one gets the whole change, several are named with an amount of zero, since no fair share of an interaction exists.
 */
function causesOf(before: PlanLine | undefined, after: PlanLine | undefined, inputs: ReadonlyMap<string, ChangedInput>): Cause[] {
  const change = (after?.amount ?? 0n) - (before?.amount ?? 0n);
  const moved = movements(before, after, inputs);
  if (moved.every(({ direct }) => direct)) return moved;
  const others = [...inputs].filter(([key]) => !moved.some((cause) => inputKey(cause) === key)).map(([, input]) => input);
  const direct = moved.filter((cause) => cause.direct);
  const [only] = direct.length + others.length === 1 ? [...direct, ...others] : [];
  if (only !== undefined) return [{ ...only, amount: change, direct: true }];
  return [...moved, ...others.slice(0, MOST_REMOTE).map((input) => ({ ...input, amount: 0n, direct: true }))];
}

function movements(before: PlanLine | undefined, after: PlanLine | undefined, inputs: ReadonlyMap<string, ChangedInput>): Cause[] {
  const amounts = new Map<string, { of: Contributor; amount: Amount }>();
  for (const [line, sign] of [[after, 1n] as const, [before, -1n] as const]) {
    for (const of of line?.contributors ?? []) {
      const key = inputKey(of);
      const there = amounts.get(key);
      amounts.set(key, { of: there?.of ?? of, amount: (there?.amount ?? 0n) + sign * of.amount });
    }
  }
  const causes: Cause[] = [];
  const baseline = (after?.baseline ?? 0n) - (before?.baseline ?? 0n);
  const converted = [...inputs.values()].some(({ source }) => source === 'rate' || source === 'unit');
  if (baseline !== 0n) causes.push({ source: 'baseline', team: null, id: '', author: null, amount: baseline, direct: !converted });
  for (const [key, { of, amount }] of amounts) {
    if (amount === 0n) continue;
    causes.push({ source: of.source, team: of.team, id: of.id, author: of.author, amount, direct: inputs.has(key) });
  }
  return causes;
}

const COMPARED = [
  'scope',
  'unit',
  'baseline',
  'assumed',
  'finance',
  'sales',
  'supply',
  'cut',
  'override',
  'amount',
  'capacity',
  'constrained',
  'overridden',
  'frozen',
  'conflict',
] as const satisfies readonly (keyof PlanLine)[];

function sameLine(left: PlanLine, right: PlanLine): boolean {
  return COMPARED.every((field) => left[field] === right[field]) && sameContributors(left.contributors, right.contributors);
}

function sameContributors(left: readonly Contributor[], right: readonly Contributor[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((one, index) => {
    const other = right[index] as Contributor;
    return one.amount === other.amount && one.at === other.at && one.author === other.author && inputKey(one) === inputKey(other);
  });
}

function sameConflict(left: Conflict | undefined, right: Conflict): boolean {
  return left !== undefined && fingerprintOf(left) === fingerprintOf(right);
}

function fingerprintOf({ rule, scope, resolution, contributors }: Conflict): string {
  const parts = contributors.map(({ team, ids, authors, amount, confidence, at }) => [team, ids, authors, String(amount), String(confidence), at]);
  return JSON.stringify([rule, scope, String(resolution.amount), resolution.by, resolution.team, resolution.author, parts]);
}
