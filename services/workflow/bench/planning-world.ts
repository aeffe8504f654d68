import { seeded } from '../src/classifier/random.ts';
import { TEAMS, type AdjustmentRow, type BaselineRow, type ReferenceRows, type ScopeRows } from '../src/flows/planning/model/inputs.ts';

const ROOTS = { products: 20, regions: 20, periods: 25 };
/** Scopes of every size of plan: roots by roots by periods. */
export const SCOPES = ROOTS.products * ROOTS.regions * ROOTS.periods;
const FAMILIES = ['a', 'b'];
const LEAVES = ['1', '2', '3'];
const AREAS = ['n', 's'];
const MEASURES = { volume: ['piece', 'dozen', 'pallet'], revenue: ['EUR', 'USD', 'CHF'] } as const;

const period = (index: number): string => `${2024 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`;
const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** 20 product trees of 2 families of 3 products, 20 region trees of 2 regions, 25 periods; quantities in 3 units, money in 3 currencies. */
export function referenceRows(): ReferenceRows {
  const periods = count(ROOTS.periods).map(period);
  return {
    products: count(ROOTS.products).flatMap((root) => [
      { product: `p${root}`, parent: null },
      ...FAMILIES.map((family) => ({ product: `p${root}${family}`, parent: `p${root}` })),
      ...FAMILIES.flatMap((family) => LEAVES.map((leaf) => ({ product: `p${root}${family}${leaf}`, parent: `p${root}${family}` }))),
    ]),
    regions: count(ROOTS.regions).flatMap((root) => [
      { region: `r${root}`, parent: null },
      ...AREAS.map((area) => ({ region: `r${root}${area}`, parent: `r${root}` })),
    ]),
    periods: periods.map((name) => ({ period: name })),
    measures: [
      { measure: 'volume', dimension: 'quantity' },
      { measure: 'revenue', dimension: 'money' },
    ],
    units: [
      { unit: 'piece', dimension: 'quantity', factor: '1' },
      { unit: 'dozen', dimension: 'quantity', factor: '12' },
      { unit: 'pallet', dimension: 'quantity', factor: '480' },
      ...MEASURES.revenue.map((unit) => ({ unit, dimension: 'money', factor: null })),
    ],
    rates: periods.flatMap((name, index) => [
      { currency: 'USD', period: name, rate: `0.9${index}` },
      { currency: 'CHF', period: name, rate: `1.0${index}3` },
    ]),
    conflictRules: [{ measure: 'revenue', rule: 'confidence', team_order: null }],
    assumptions: [{ name: 'growth:volume', value: '2.5', author: 'dee', updated_at: '2026-01-01 00:00:00+00' }],
    reportingCurrency: 'EUR',
  };
}

/** A full baseline, two capacities a scope, and `adjustments` of all kinds: six in ten of a leaf, three of a family, one of the whole scope. */
export function scopeRows(adjustments: number): ScopeRows {
  const random = seeded(adjustments);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const cells = count(ROOTS.products).flatMap((p) =>
    count(ROOTS.regions).flatMap((r) => count(ROOTS.periods).map((t) => ({ p: `p${p}`, r: `r${r}`, t: period(t) }))),
  );
  const baseline: BaselineRow[] = [];
  const capacities = [];
  for (const { p, r, t } of cells) {
    for (const family of FAMILIES)
      for (const leaf of LEAVES)
        for (const area of AREAS)
          for (const measure of ['volume', 'revenue'] as const) {
            const amount = (random() * 5000).toFixed(2);
            baseline.push({ product: `${p}${family}${leaf}`, region: `${r}${area}`, period: t, measure, amount, unit: MEASURES[measure][0] });
          }
    capacities.push(
      { product: p, region: r, period: t, amount: '40000', unit: 'piece' },
      { product: `${p}a`, region: r, period: t, amount: '1500', unit: 'dozen' },
    );
  }
  const rows: AdjustmentRow[] = [];
  for (let id = 1; id <= adjustments; id += 1) {
    const { p, r, t } = cells[id % cells.length] as (typeof cells)[number];
    const level = random();
    const product = level < 0.6 ? `${p}${pick(FAMILIES)}${pick(LEAVES)}` : level < 0.9 ? `${p}${pick(FAMILIES)}` : p;
    const measure = random() < 0.7 ? ('volume' as const) : ('revenue' as const);
    const kind = random() < 0.7 ? 'delta' : random() < 0.7 ? 'percent' : 'absolute';
    rows.push({
      team: pick(TEAMS),
      id: String(id),
      product,
      region: level < 0.6 ? `${r}${pick(AREAS)}` : r,
      period: t,
      measure,
      kind,
      amount: kind === 'percent' ? (random() * 10 - 4).toFixed(1) : (random() * 300 - 50).toFixed(2),
      unit: kind === 'percent' ? null : pick(MEASURES[measure]),
      confidence: random().toFixed(3),
      author: `planner-${Math.floor(random() * 40)}`,
      updated_at: `2026-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)} 0${Math.floor(random() * 10)}:00:00.${Math.floor(random() * 1e6)}+00`,
    });
  }
  return { baseline, adjustments: rows, capacities, overrides: [], choices: [] };
}
