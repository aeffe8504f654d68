import { Failure } from '#libs/failure/failure';
import type { Reference } from './reference.ts';

/** A change of one row, as a change event has it: column → text. `table` without its schema. */
export interface PlanningChange {
  table: string;
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}

/** `all`: every scope. Else the scopes named, and every scope of the periods named. */
export type Touched = { all: true } | { all: false; scopes: readonly string[]; periods: readonly string[] };

/** Which scopes a change touches: before its change and after it, so that a row that moves touches both. A table that the model doesn't read touches none. */
export function touchedScopes(_reference: Reference, _change: PlanningChange): Touched {
  throw new Failure('unsupported', 'touchedScopes is being built');
}
