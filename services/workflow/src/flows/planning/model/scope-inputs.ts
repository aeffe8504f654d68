import type { ScopeRows } from './inputs.ts';
import type { Conflict, PlanLine, Premise } from './plan.ts';
import type { Reference } from './reference.ts';

/** A scope as the last published plan has it. */
export interface PublishedScope {
  lines: readonly PlanLine[];
  conflicts: readonly Conflict[];
  /** Undefined where they were not kept: a diff then names no rate, capacity, rule or choice as a cause. */
  premises?: readonly Premise[];
}

/** All that one scope's plan depends on. */
export interface ScopeInputs {
  reference: Reference;
  /** See `scopeKey`. */
  scope: string;
  rows: ScopeRows;
  /** Its period is frozen: what was published stands. */
  frozen: boolean;
  /** Null until the first plan is published; from then on a scope without lines is one without lines (`{ lines: [], conflicts: [] }`), and freezes as such. */
  published: PublishedScope | null;
}
