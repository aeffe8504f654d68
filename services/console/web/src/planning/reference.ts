import { asText } from '../api/as-text.ts';
import type { Row } from '../api/rows.ts';
import { type Amount, amountOf, ONE, per, times } from './decimal.ts';
import { Hierarchy, type Node } from './hierarchy.ts';

export const TEAMS = ['finance', 'sales', 'supply'] as const;
export type Team = (typeof TEAMS)[number];
export const TEAM_TITLES: Readonly<Record<Team, string>> = { finance: 'Finance', sales: 'Sales', supply: 'Supply' };
/** Mantine colours, the same everywhere. */
export const TEAM_COLOURS: Readonly<Record<Team, string>> = { finance: 'grape', sales: 'blue', supply: 'orange' };

export function isTeam(text: string | undefined): text is Team {
  return TEAMS.some((team) => team === text);
}

export interface Measure {
  id: string;
  name: string;
  dimension: string;
}
export interface Unit {
  id: string;
  dimension: string;
  /** To the dimension's base; undefined for a currency. */
  factor: Amount | undefined;
}

/** What a plan is made over: small tables that hardly change. */
export interface Reference {
  products: Hierarchy;
  regions: Hierarchy;
  /** `YYYY-MM`, in order. */
  periods: readonly string[];
  measures: readonly Measure[];
  units: ReadonlyMap<string, Unit>;
  /** The currency that rates lead to; undefined where none is set. */
  reporting: string | undefined;
  /** `currency period` → to the reporting currency. */
  rates: ReadonlyMap<string, Amount>;
}

export function referenceOf(rows: {
  products: Row[];
  regions: Row[];
  periods: Row[];
  measures: Row[];
  units: Row[];
  rates: Row[];
  settings: Row[];
}): Reference {
  return {
    products: new Hierarchy(rows.products.map((row) => nodeOf(row, 'product'))),
    regions: new Hierarchy(rows.regions.map((row) => nodeOf(row, 'region'))),
    periods: rows.periods.map((row) => asText(row.period)).toSorted(),
    measures: rows.measures.map((row) => ({ id: asText(row.measure), name: asText(row.name) || asText(row.measure), dimension: asText(row.dimension) })),
    units: new Map(rows.units.map((row) => [asText(row.unit), { id: asText(row.unit), dimension: asText(row.dimension), factor: amountOf(row.factor) }])),
    reporting: asText(rows.settings.find((row) => row.name === 'reporting_currency')?.value) || undefined,
    rates: new Map(rows.rates.map((row) => [`${asText(row.currency)} ${asText(row.period)}`, amountOf(row.rate) ?? 0n])),
  };
}

/** An amount in another unit of its dimension; undefined where nothing says how. */
export function convert(reference: Reference, amount: Amount, { from, to, period }: { from: string; to: string; period: string }): Amount | undefined {
  if (from === to) return amount;
  const [source, target] = [inBase(reference, from, period), inBase(reference, to, period)];
  if (source === undefined || target === undefined || target === 0n) return undefined;
  if (reference.units.get(from)?.dimension !== reference.units.get(to)?.dimension) return undefined;
  return per(times(amount, source), target);
}

function inBase(reference: Reference, unit: string, period: string): Amount | undefined {
  if (unit === reference.reporting) return ONE;
  return reference.units.get(unit)?.factor ?? reference.rates.get(`${unit} ${period}`);
}

/** Units that amounts of this measure can have. */
export function unitsOf(reference: Reference, measure: string): string[] {
  const dimension = reference.measures.find(({ id }) => id === measure)?.dimension;
  return [...reference.units.values()].filter((unit) => unit.dimension === dimension).map(({ id }) => id);
}

function nodeOf(row: Row, key: 'product' | 'region'): Node {
  const parent = asText(row.parent);
  return { id: asText(row[key]), parent: parent === '' ? undefined : parent, name: asText(row.name) || asText(row[key]) };
}

/** `2026-03` → `Mar 26`: short enough for a column. */
export function periodTitle(period: string): string {
  const date = new Date(`${period}-01T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? period : date.toLocaleDateString(undefined, { month: 'short', year: '2-digit', timeZone: 'UTC' });
}
