/**
 * What a reconciliation reads: rows as they lie in schema `planning`, by their columns' names. Numerics and bigints are Postgres's text of them; times are
 * Postgres's text of a timestamptz, or ISO 8601. One consistent snapshot of them all; the order of rows never matters.
 */
export const TEAMS = ['finance', 'sales', 'supply'] as const;
export type Team = (typeof TEAMS)[number];

export const CONFLICT_RULES = ['latest', 'priority', 'confidence'] as const;
export type ConflictRule = (typeof CONFLICT_RULES)[number];

export const ADJUSTMENT_KINDS = ['delta', 'percent', 'absolute'] as const;
export type AdjustmentKind = (typeof ADJUSTMENT_KINDS)[number];

/** The dimension of measures and units whose amounts are money; every other dimension's units convert by their factors. */
export const MONEY = 'money';

export interface ProductRow {
  product: string;
  parent: string | null;
}

export interface RegionRow {
  region: string;
  parent: string | null;
}

export interface PeriodRow {
  period: string;
}

export interface MeasureRow {
  measure: string;
  dimension: string;
}

/** `factor`: how many of the dimension's base unit (the one with factor 1) make one of this; null for a currency. */
export interface UnitRow {
  unit: string;
  dimension: string;
  factor: string | null;
}

/** `rate`: what one of `currency` is worth in the reporting currency, in `period`. */
export interface RateRow {
  currency: string;
  period: string;
  rate: string;
}

export interface ConflictRuleRow {
  measure: string;
  rule: string;
  team_order: readonly string[] | null;
}

/** Names the model acts on: `growth:<measure>` (percent of the baseline), `rate:<currency>` (where a period has no rate). Others are for people. */
export interface AssumptionRow {
  name: string;
  value: string;
  author: string | null;
  updated_at: string;
}

export interface ReferenceRows {
  products: readonly ProductRow[];
  regions: readonly RegionRow[];
  periods: readonly PeriodRow[];
  measures: readonly MeasureRow[];
  units: readonly UnitRow[];
  rates: readonly RateRow[];
  conflictRules: readonly ConflictRuleRow[];
  assumptions: readonly AssumptionRow[];
  /** The unit of every money line; its own rate is 1. */
  reportingCurrency: string;
}

export interface Cell {
  product: string;
  region: string;
  period: string;
}

export interface BaselineRow extends Cell {
  measure: string;
  amount: string;
  unit: string;
}

/** `team`: the one whose table the row lies in. `unit` is null for a percentage. */
export interface AdjustmentRow extends Cell {
  team: Team;
  id: string;
  measure: string;
  kind: string;
  amount: string;
  unit: string | null;
  confidence: string;
  author: string | null;
  updated_at: string;
}

export interface CapacityRow extends Cell {
  amount: string;
  unit: string;
}

/** Withdrawn ones are ignored, so they may be read or left out. */
export interface OverrideRow extends Cell {
  id: string;
  measure: string;
  amount: string;
  unit: string;
  author: string | null;
  created_at: string;
  withdrawn: boolean;
}

export interface ConflictChoiceRow extends Cell {
  measure: string;
  team: string;
  author: string | null;
  chosen_at: string;
}

/** The rows that belong to scopes: all of them, or those of one. */
export interface ScopeRows {
  baseline: readonly BaselineRow[];
  adjustments: readonly AdjustmentRow[];
  capacities: readonly CapacityRow[];
  overrides: readonly OverrideRow[];
  choices: readonly ConflictChoiceRow[];
}
