import { Failure } from '#libs/failure/failure';
import type { PublishedScope } from './scope-inputs.ts';
import type { PlanDiff, ScopePlan } from './plan.ts';

/** What `after` changes against the published plan of the same scope (null: nothing was published), and who caused each change. */
export function diffPlans(_before: PublishedScope | null, _after: ScopePlan): PlanDiff {
  throw new Failure('unsupported', 'diffPlans is being built');
}
