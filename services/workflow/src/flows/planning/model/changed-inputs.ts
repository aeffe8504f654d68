import type { Cause, Contributor, Premise, ScopePlan } from './plan.ts';
import { compareText } from './poison.ts';
import type { PublishedScope } from './scope-inputs.ts';

/** An input of a scope that is not as it was. */
export type ChangedInput = Pick<Cause, 'source' | 'team' | 'id' | 'author'>;

/** What tells inputs apart. */
export function inputKey({ source, team, id }: Pick<ChangedInput, 'source' | 'team' | 'id'>): string {
  return `${source}|${team ?? ''}|${id}`;
}

/**
 * The inputs of a scope that changed between two plans of it, by key: contributors that came, went or were edited (their author's time moved), premises whose
 * value did. A capacity is judged by its premise alone, since a cut comes and goes with what others plan.
 */
export function changedInputs(before: PublishedScope | null, after: ScopePlan): Map<string, ChangedInput> {
  const changed = new Map<string, ChangedInput>();
  const [was, is] = [present(before), present(after)];
  for (const [key, input] of [...is, ...was]) if (!sameStamp(was.get(key), is.get(key))) changed.set(key, input.of);
  if (before?.premises !== undefined) {
    const [held, holds] = [byKey(before.premises), byKey(after.premises)];
    for (const [key, premise] of [...holds, ...held]) {
      if (held.get(key)?.value !== holds.get(key)?.value && (stays(premise) || (held.has(key) && holds.has(key))))
        changed.set(key, { ...inputOf(premise), team: null });
    }
  }
  return new Map([...changed].sort(([left], [right]) => compareText(left, right)));
}

/** A capacity or a choice is there or not. A rate, factor or rule also comes into use and goes out of it, which is no change of its own: what uses it is. */
function stays({ source }: Premise): boolean {
  return source === 'capacity' || source === 'choice';
}

interface Present {
  of: ChangedInput;
  /** When it was last changed; undefined where the plan only tells that it is there. */
  at: string | null | undefined;
}

/** What a plan shows of its inputs: what contributes to a line, and what a conflict was decided against. */
function present(plan: PublishedScope | null): Map<string, Present> {
  const found = new Map<string, Present>();
  for (const { team, ids, authors, at } of (plan?.conflicts ?? []).flatMap(({ contributors }) => contributors)) {
    const alone = ids.length === 1;
    for (const id of ids) {
      const of: ChangedInput = { source: 'adjustment', team, id, author: alone ? (authors[0] ?? null) : null };
      found.set(inputKey(of), { of, at: alone ? at : undefined });
    }
  }
  for (const { contributors } of plan?.lines ?? []) {
    for (const each of contributors) if (each.source !== 'capacity') found.set(inputKey(each), { of: inputOf(each), at: each.at });
  }
  return found;
}

function sameStamp(left: Present | undefined, right: Present | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  return left.at === undefined || right.at === undefined || left.at === right.at;
}

function byKey(premises: readonly Premise[]): Map<string, Premise> {
  return new Map(premises.map((premise) => [inputKey({ ...premise, team: null }), premise]));
}

function inputOf({ source, id, author, team = null }: Pick<Premise | Contributor, 'source' | 'id' | 'author'> & { team?: Cause['team'] }): ChangedInput {
  return { source, team, id, author };
}
