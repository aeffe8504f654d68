import type { Failure } from '#libs/failure/failure';
import type { InputVersions } from './read-inputs.ts';

/** What a plan was made from, and what it changes. The rows are in the spools. */
export interface MadePlan {
  snapshot: string;
  inputs: InputVersions;
  /** Null: all. */
  scopes: string[] | null;
  lines: number;
  removals: number;
  conflicts: number;
  /** Scopes that could not be planned: their last plan stands. */
  parked: { scope: string; failure: Failure }[];
}
