import { parseExact, type Exact } from './amount.ts';
import { buildHierarchy, SEPARATOR, type Hierarchy } from './hierarchy.ts';
import {
  CONFLICT_RULES,
  MONEY,
  TEAMS,
  type AssumptionRow,
  type ConflictRule,
  type ConflictRuleRow,
  type MeasureRow,
  type PeriodRow,
  type ReferenceRows,
  type Team,
  type UnitRow,
} from './inputs.ts';
import { compareText, poison, quoted } from './poison.ts';

export interface Growth {
  name: string;
  percent: Exact;
  author: string | null;
  at: string;
}

export interface RuleOfMeasure {
  rule: ConflictRule;
  /** Every team, the first in precedence first. */
  order: readonly Team[];
}

/** Hierarchies, units, rates, rules and assumptions, compiled once and shared by every scope of a run. */
export interface Reference {
  products: Hierarchy;
  regions: Hierarchy;
  periods: ReadonlySet<string>;
  measures: ReadonlyMap<string, MeasureRow>;
  units: ReadonlyMap<string, UnitRow>;
  /** The base unit of each dimension: factor 1, the first by name; the reporting currency for money. */
  baseUnits: ReadonlyMap<string, string>;
  /** `currency|period` → text of the rate. Checked where it is used: a wrong rate parks the scopes that need it and no others. */
  rates: ReadonlyMap<string, string>;
  /** Currency → the rate that `rate:<currency>` assumes. */
  assumedRates: ReadonlyMap<string, AssumptionRow>;
  /** Measure → growth of its baseline. */
  growth: ReadonlyMap<string, Growth>;
  rules: ReadonlyMap<string, RuleOfMeasure>;
  reportingCurrency: string;
}

const GROWTH = 'growth:';
const RATE = 'rate:';

/** @throws Failure `poison-record` naming the row: a cycle, an unknown parent, an unknown rule, a growth that is no number. */
export function compileReference(rows: ReferenceRows): Reference {
  const products = rows.products.map(({ product, parent }) => ({ name: product, parent }));
  const regions = rows.regions.map(({ region, parent }) => ({ name: region, parent }));
  return {
    products: buildHierarchy('products', products),
    regions: buildHierarchy('regions', regions),
    periods: new Set(rows.periods.map(periodName).sort(compareText)),
    measures: new Map(rows.measures.map((row) => [row.measure, row])),
    units: new Map(rows.units.map((row) => [row.unit, row])),
    baseUnits: baseUnits(rows),
    rates: new Map(rows.rates.map(({ currency, period, rate }) => [`${currency}|${period}`, rate])),
    assumedRates: new Map(rows.assumptions.filter(({ name }) => name.startsWith(RATE)).map((row) => [row.name.slice(RATE.length), row])),
    growth: new Map(rows.assumptions.filter(({ name }) => name.startsWith(GROWTH)).map((row) => [row.name.slice(GROWTH.length), growth(row)])),
    rules: new Map(rows.conflictRules.map((row) => [row.measure, ruleOf(row)])),
    reportingCurrency: rows.reportingCurrency,
  };
}

/** Where no rule is set: the latest change wins. */
export const DEFAULT_RULE: RuleOfMeasure = { rule: 'latest', order: TEAMS };

function baseUnits({ units, reportingCurrency }: ReferenceRows): Map<string, string> {
  const bases = new Map<string, string>([[MONEY, reportingCurrency]]);
  for (const { unit, dimension, factor } of [...units].sort((a, b) => compareText(a.unit, b.unit))) {
    const exact = factor === null ? undefined : parseExact(factor);
    if (exact?.digits === 1n && exact.scale === 0 && !bases.has(dimension)) bases.set(dimension, unit);
  }
  return bases;
}

function periodName({ period }: PeriodRow): string {
  if (period.includes(SEPARATOR)) throw poison('periods', quoted(period), 'period', `holds ${SEPARATOR}, which separates names in a scope`);
  return period;
}

function growth(row: AssumptionRow): Growth {
  const percent = parseExact(row.value);
  if (percent === undefined) throw poison('assumptions', quoted(row.name), 'value', 'is no decimal number');
  return { name: row.name, percent, author: row.author, at: row.updated_at };
}

function ruleOf({ measure, rule, team_order: order }: ConflictRuleRow): RuleOfMeasure {
  const known = CONFLICT_RULES.find((each) => each === rule);
  if (known === undefined) throw poison('conflict_rules', quoted(measure), 'rule', `${quoted(rule)} is unknown: ${CONFLICT_RULES.join(', ')}`);
  const named = (order ?? []).map((name) => {
    const team = TEAMS.find((each) => each === name);
    if (team === undefined) throw poison('conflict_rules', quoted(measure), 'team_order', `${quoted(name)} is no team: ${TEAMS.join(', ')}`);
    return team;
  });
  return { rule: known, order: [...new Set([...named, ...TEAMS])] };
}
