import { Failure } from '#libs/failure/failure';
import type { ScopeInputs } from './scope-inputs.ts';
import type { ScopePlan } from './plan.ts';

/**
 * The plan of one scope: a function of its inputs alone, so that scopes can be recomputed one by one. It ties out, or it throws.
 * @throws Failure `poison-record` naming the row that can't be planned with; `bug` where the plan doesn't tie out.
 */
export function reconcile(_inputs: ScopeInputs): ScopePlan {
  throw new Failure('unsupported', 'reconcile is being built');
}
