import type { Amount } from './amount.ts';
import type { Cell, ConflictRule, Team } from './inputs.ts';

export interface LineKey extends Cell {
  measure: string;
}

/** What a part of a line's change comes from. `capacity` parts are cuts, so never positive. */
export type Source = 'adjustment' | 'assumption' | 'capacity' | 'override';

/** One part of a line's change against its baseline. A line's parts sum exactly to `amount - baseline`. */
export interface Contributor {
  source: Source;
  /** The adjustment's team; null for other sources. */
  team: Team | null;
  /** The adjustment's or override's id, the assumption's name, the capacity's `product|region`. */
  id: string;
  author: string | null;
  /** When its author last changed it; null for a capacity. */
  at: string | null;
  amount: Amount;
}

/** One leaf of the plan: `amount = baseline + assumed + finance + sales + supply - cut + override`, exactly, in `unit`. */
export interface PlanLine extends LineKey {
  scope: string;
  /** The base unit of the measure's dimension; the reporting currency for money. */
  unit: string;
  baseline: Amount;
  /** What growth assumptions add. */
  assumed: Amount;
  finance: Amount;
  sales: Amount;
  supply: Amount;
  /** What capacity takes away; never negative. */
  cut: Amount;
  /** What an override changes, against all the above. */
  override: Amount;
  amount: Amount;
  /** Of the nearest node that has one; null: unlimited, or no quantity. */
  capacity: Amount | null;
  constrained: boolean;
  overridden: boolean;
  frozen: boolean;
  /** A conflict lies on this line or on a node above it. */
  conflict: boolean;
  contributors: readonly Contributor[];
}

/** What one team wants of a node. */
export interface ConflictContributor {
  team: Team;
  ids: readonly string[];
  authors: readonly string[];
  /** The change against the node's amount before this node's adjustments. */
  amount: Amount;
  /** Mean confidence of the team's adjustments that count here, to 6 places. */
  confidence: Amount;
  /** Its newest change. */
  at: string;
}

export interface Resolution {
  /** The change that was made. */
  amount: Amount;
  by: ConflictRule | 'choice';
  /** Whose proposal was taken; null where all were weighed. */
  team: Team | null;
  /** Who chose; null unless `by` is a choice. */
  author: string | null;
}

/** Two or more teams adjust the same measure of the same node and period. */
export interface Conflict extends LineKey {
  /** The same for the same node and measure in every run. */
  id: string;
  scope: string;
  rule: ConflictRule;
  contributors: readonly ConflictContributor[];
  resolution: Resolution;
}

/** Something besides adjustments, growth and overrides that the scope's amounts rest on; compared by a diff to name causes. */
export interface Premise {
  source: 'rate' | 'unit' | 'capacity' | 'rule' | 'choice' | 'hierarchy';
  id: string;
  value: string;
  author: string | null;
}

/** Proof for one measure of one scope: the sum of its lines against the sum of what went in. */
export interface TieOut {
  scope: string;
  measure: string;
  unit: string;
  baseline: Amount;
  assumed: Amount;
  adjustments: Amount;
  cut: Amount;
  override: Amount;
  /** baseline + assumed + adjustments - cut + override, each summed from the rows and the nodes they were stated for. */
  expected: Amount;
  /** The sum of the lines' amounts. */
  actual: Amount;
  difference: Amount;
  ok: boolean;
}

/** One scope's plan. Lines are ordered by measure, product, region; conflicts too: the same inputs give the same bytes. */
export interface ScopePlan {
  scope: string;
  period: string;
  lines: readonly PlanLine[];
  conflicts: readonly Conflict[];
  premises: readonly Premise[];
  tieOuts: readonly TieOut[];
}

/** Why a line changed. Causes of one line sum exactly to `after - before`. */
export interface Cause {
  source: Source | Premise['source'] | 'baseline';
  team: Team | null;
  id: string;
  author: string | null;
  amount: Amount;
  /** False: this input is as it was; its effect here moved because of other causes (a coarser or competing adjustment, a rate, a cut). */
  direct: boolean;
}

export interface LineChange extends LineKey {
  /** Null: the line is new. */
  before: Amount | null;
  /** Null: the line is gone. */
  after: Amount | null;
  causes: readonly Cause[];
}

/** What a new plan of a scope does to the published one. Empty in all three: unchanged, nothing to publish. */
export interface PlanDiff {
  /** Lines that are new or differ in anything, contributors and flags included. */
  upserts: readonly PlanLine[];
  removals: readonly LineKey[];
  /** Lines whose amount differs (a line that isn't there counts as zero), with who caused it. */
  changes: readonly LineChange[];
  conflictUpserts: readonly Conflict[];
  conflictRemovals: readonly string[];
}
