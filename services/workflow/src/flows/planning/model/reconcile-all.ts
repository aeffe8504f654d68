import type { ScopeRows } from './inputs.ts';
import type { ScopePlan } from './plan.ts';
import { reconcile } from './reconcile.ts';
import type { Reference } from './reference.ts';
import type { PublishedScope } from './scope-inputs.ts';
import { splitScopes } from './split-scopes.ts';

export interface PlanInputs {
  reference: Reference;
  /** Of every scope, or of the ones that are to be recomputed. */
  rows: ScopeRows;
  frozenPeriods: ReadonlySet<string>;
  /** Null only while no plan at all has been published; see `ScopeInputs`. */
  published: (scope: string) => PublishedScope | null;
  /** These and no others; a scope without rows gets an empty plan, so that its published lines are removed. Undefined: all that have rows. */
  scopes?: readonly string[];
}

/** Scopes' plans, ordered by scope, made one at a time as the caller asks for the next: memory is one scope's, and a caller can rest in between. */
export function* reconcileAll({ reference, rows, frozenPeriods, published, scopes }: PlanInputs): Generator<ScopePlan> {
  for (const [scope, own] of splitScopes(reference, rows, scopes)) {
    const period = scope.slice(scope.lastIndexOf('|') + 1);
    yield reconcile({ reference, scope, rows: own, frozen: frozenPeriods.has(period), published: published(scope) });
  }
}
