import { Failure } from '#libs/failure/failure';
import type { ScopePlan } from './plan.ts';

/**
 * Refuses a plan whose totals are not proven: a tie-out with a difference, a line whose parts don't sum to it. `reconcile` ends with it; call it again
 * before publishing anything that was stored or sent in between.
 * @throws Failure `bug` naming scope and measure.
 */
export function assertTiesOut(_plan: ScopePlan): void {
  throw new Failure('unsupported', 'the tie-out is being built');
}
