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
  const [was, is] = [stamps(before?.lines ?? []), stamps(after.lines)];
  for (const [key, contributor] of [...is, ...was]) if (was.get(key)?.at !== is.get(key)?.at) changed.set(key, inputOf(contributor));
  if (before?.premises !== undefined) {
    const [held, holds] = [byKey(before.premises), byKey(after.premises)];
    for (const [key, premise] of [...holds, ...held]) {
      if (held.get(key)?.value !== holds.get(key)?.value && matters(premise, held.get(key))) changed.set(key, { ...inputOf(premise), team: null });
    }
  }
  return new Map([...changed].sort(([left], [right]) => compareText(left, right)));
}

/** A rate, factor or rule that came into use is no change of its own: what uses it is. */
function matters({ source }: Premise, held: Premise | undefined): boolean {
  return held !== undefined || source === 'capacity' || source === 'choice';
}

function stamps(lines: ScopePlan['lines']): Map<string, Contributor> {
  const found = new Map<string, Contributor>();
  for (const { contributors } of lines) for (const each of contributors) if (each.source !== 'capacity') found.set(inputKey(each), each);
  return found;
}

function byKey(premises: readonly Premise[]): Map<string, Premise> {
  return new Map(premises.map((premise) => [inputKey({ ...premise, team: null }), premise]));
}

function inputOf({ source, id, author, team = null }: Pick<Premise | Contributor, 'source' | 'id' | 'author'> & { team?: Cause['team'] }): ChangedInput {
  return { source, team, id, author };
}
