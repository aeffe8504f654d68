import type { Reference } from './reference.ts';
import { scopeOf } from './scope.ts';

export type Image = Readonly<Record<string, unknown>>;

/** A change of one row, as a change event has it: column → text (or what JSON made of it). `table` without its schema. */
export interface PlanningChange {
  table: string;
  before: Image | null;
  after: Image | null;
}

/** `all`: every scope. Else the scopes named, and every scope of the periods named. */
export type Touched = { all: true } | { all: false; scopes: readonly string[]; periods: readonly string[] };

const ALL: Touched = { all: true };
const NONE: Touched = { all: false, scopes: [], periods: [] };

type Reach = 'scope' | 'period' | 'all' | 'assumption';

interface Rule {
  reach: Reach;
  /** What the model reads; a change of nothing else touches nothing. */
  reads: readonly string[];
}

const CELL = ['product', 'region', 'period'];
const ADJUSTMENT: Rule = { reach: 'scope', reads: [...CELL, 'measure', 'kind', 'amount', 'unit', 'confidence', 'author', 'updated_at'] };

/** Every table that a plan depends on, but for the runs' own. */
const RULES: Readonly<Record<string, Rule>> = {
  finance_adjustments: ADJUSTMENT,
  sales_adjustments: ADJUSTMENT,
  supply_adjustments: ADJUSTMENT,
  baseline: { reach: 'scope', reads: [...CELL, 'measure', 'amount', 'unit'] },
  capacities: { reach: 'scope', reads: [...CELL, 'amount', 'unit'] },
  plan_overrides: { reach: 'scope', reads: [...CELL, 'measure', 'amount', 'unit', 'author', 'created_at', 'withdrawn'] },
  conflict_choices: { reach: 'scope', reads: [...CELL, 'measure', 'team', 'author'] },
  rates: { reach: 'period', reads: ['currency', 'period', 'rate'] },
  periods: { reach: 'period', reads: ['period'] },
  frozen_periods: { reach: 'period', reads: ['period'] },
  products: { reach: 'all', reads: ['product', 'parent'] },
  regions: { reach: 'all', reads: ['region', 'parent'] },
  measures: { reach: 'all', reads: ['measure', 'dimension'] },
  units: { reach: 'all', reads: ['unit', 'dimension', 'factor'] },
  conflict_rules: { reach: 'all', reads: ['measure', 'rule', 'team_order'] },
  assumptions: { reach: 'assumption', reads: ['name', 'value', 'author', 'updated_at'] },
};

/**
 * Which scopes a change touches: by what the row was and by what it is, so a row that moves touches both places. A cell whose product, region or period the
 * reference doesn't know (it was removed meanwhile) may have been in any scope: all. No image at all (a truncated table): all. A table the model doesn't read: none.
 */
export function touchedScopes(reference: Reference, { table, before, after }: PlanningChange): Touched {
  const rule = Object.hasOwn(RULES, table) ? RULES[table] : undefined;
  if (rule === undefined) return NONE;
  const images = [before, after].filter((image) => image !== null);
  if (images.length === 0) return ALL;
  if (before !== null && after !== null && rule.reads.every((column) => same(before[column], after[column]))) return NONE;
  switch (rule.reach) {
    case 'scope':
      return scopes(reference, images);
    case 'period':
      return { all: false, scopes: [], periods: [...new Set(images.map((image) => String(image['period'])))] };
    case 'all':
      return ALL;
    case 'assumption':
      return images.some(({ name }) => /^(growth|rate):/.test(String(name))) ? ALL : NONE;
  }
}

function scopes(reference: Reference, images: readonly Image[]): Touched {
  const found = new Set<string>();
  for (const { product, region, period } of images) {
    const scope = scopeOf(reference, { product: String(product), region: String(region), period: String(period) });
    if (scope === undefined) return ALL;
    found.add(scope);
  }
  return { all: false, scopes: [...found], periods: [] };
}

function same(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** What several changes touch together. */
export function mergeTouched(touches: Iterable<Touched>): Touched {
  const [scopes, periods] = [new Set<string>(), new Set<string>()];
  for (const touched of touches) {
    if (touched.all) return ALL;
    for (const scope of touched.scopes) scopes.add(scope);
    for (const period of touched.periods) periods.add(period);
  }
  return { all: false, scopes: [...scopes], periods: [...periods] };
}

/** The scopes meant, out of `candidates` (those with rows and those with published lines), with the ones named outright; null for all of them. */
export function expandTouched(touched: Touched, candidates: Iterable<string>): string[] | null {
  if (touched.all) return null;
  const periods = new Set(touched.periods);
  const found = new Set(touched.scopes);
  for (const scope of candidates) if (periods.has(scope.slice(scope.lastIndexOf('|') + 1))) found.add(scope);
  return [...found].sort();
}
