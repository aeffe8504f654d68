import type { EditList, EditProgress } from '#contracts/http/tables';

/** The edit in steps that is to be shown: one under way, or one that did not go through and was not followed by another. */
export function unsettled({ edits, inSteps }: EditList): EditProgress | null {
  if (inSteps === null || inSteps.state === 'applied') return null;
  if (inSteps.state === 'running') return inSteps;
  const [latest] = edits;
  return latest !== undefined && BigInt(latest.id) > BigInt(inSteps.id) ? null : inSteps;
}
