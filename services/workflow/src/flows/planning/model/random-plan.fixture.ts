import fc from 'fast-check';
import { ADJUSTMENT_KINDS, CONFLICT_RULES, TEAMS, type AdjustmentRow, type ReferenceRows, type ScopeRows } from './inputs.ts';

/** Two trees of products, two of regions: ragged, with nodes of one depth that overlap. */
export const PRODUCTS = [
  ['bikes', null],
  ['city', 'bikes'],
  ['city-1', 'city'],
  ['city-2', 'city'],
  ['race', 'bikes'],
  ['parts', null],
  ['bell', 'parts'],
  ['lamp', 'parts'],
] as const;
export const REGIONS = [
  ['eu', null],
  ['de', 'eu'],
  ['north', 'de'],
  ['south', 'de'],
  ['fr', 'eu'],
  ['us', null],
] as const;
export const PERIODS = ['2026-01', '2026-02'];

export const REFERENCE: ReferenceRows = {
  products: PRODUCTS.map(([product, parent]) => ({ product, parent })),
  regions: REGIONS.map(([region, parent]) => ({ region, parent })),
  periods: PERIODS.map((period) => ({ period })),
  measures: [
    { measure: 'volume', dimension: 'quantity' },
    { measure: 'revenue', dimension: 'money' },
  ],
  units: [
    { unit: 'piece', dimension: 'quantity', factor: '1' },
    { unit: 'dozen', dimension: 'quantity', factor: '12' },
    { unit: 'third', dimension: 'quantity', factor: '0.333333333' },
    { unit: 'EUR', dimension: 'money', factor: null },
    { unit: 'USD', dimension: 'money', factor: null },
  ],
  rates: PERIODS.map((period, index) => ({ currency: 'USD', period, rate: `0.9${index}7` })),
  conflictRules: [],
  assumptions: [],
  reportingCurrency: 'EUR',
};

const UNITS = { volume: ['piece', 'dozen', 'third'], revenue: ['EUR', 'USD'] } as const;

const decimal = (min: number, max: number, places: number): fc.Arbitrary<string> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min: 0, max: 10 ** places - 1 })).map(([whole, part]) => `${whole}.${String(part).padStart(places, '0')}`);

const measure = fc.constantFrom('volume', 'revenue');
const leafProduct = fc.constantFrom('city-1', 'city-2', 'race', 'bell', 'lamp');
const leafRegion = fc.constantFrom('north', 'south', 'fr', 'us');
const anyProduct = fc.constantFrom(...PRODUCTS.map(([name]) => name));
const anyRegion = fc.constantFrom(...REGIONS.map(([name]) => name));
const period = fc.constantFrom(...PERIODS);
const author = fc.constantFrom('ann', 'bob', 'cy', null);
/** Few distinct times, so that ties are common. */
const time = fc.integer({ min: 0, max: 5 }).map((second) => `2026-01-01 00:00:0${second}.5+00`);

const unitOf = (name: 'volume' | 'revenue'): fc.Arbitrary<string> => fc.constantFrom(...UNITS[name]);
const withUnit = <T>(rest: fc.Arbitrary<T>): fc.Arbitrary<T & { measure: 'volume' | 'revenue'; unit: string }> =>
  fc.tuple(rest, measure).chain(([row, name]) => unitOf(name as 'volume').map((unit) => ({ ...row, measure: name as 'volume', unit })));

export const adjustment: fc.Arbitrary<AdjustmentRow> = withUnit(
  fc.record({
    team: fc.constantFrom(...TEAMS),
    id: fc.integer({ min: 1, max: 10 ** 6 }).map(String),
    product: anyProduct,
    region: anyRegion,
    period,
    kind: fc.constantFrom(...ADJUSTMENT_KINDS),
    amount: decimal(-200, 500, 3),
    confidence: fc.integer({ min: 0, max: 10 }).map((tenths) => (tenths / 10).toFixed(3)),
    author,
    updated_at: time,
  }),
).map((row) => (row.kind === 'percent' ? { ...row, unit: null } : row));

const overrideRow = withUnit(
  fc.record({
    id: fc.integer({ min: 1, max: 10 ** 6 }).map(String),
    product: leafProduct,
    region: leafRegion,
    period,
    amount: decimal(0, 300, 2),
    author,
    created_at: time,
    withdrawn: fc.boolean(),
  }),
);

const cellOf = (row: { product: string; region: string; period: string; measure?: string }): string =>
  [row.product, row.region, row.period, row.measure].join('|');

export const scopeRows: fc.Arbitrary<ScopeRows> = fc.record({
  baseline: fc.uniqueArray(withUnit(fc.record({ product: leafProduct, region: leafRegion, period, amount: decimal(-50, 900, 4) })), {
    maxLength: 30,
    selector: cellOf,
  }),
  adjustments: fc.uniqueArray(adjustment, { maxLength: 25, selector: ({ team, id }) => `${team}|${id}` }),
  capacities: fc.uniqueArray(
    fc.record({ product: anyProduct, region: anyRegion, period, amount: decimal(0, 2000, 3), unit: fc.constantFrom('piece', 'dozen') }),
    { maxLength: 6, selector: cellOf },
  ),
  overrides: fc.uniqueArray(overrideRow, { maxLength: 4, selector: cellOf }),
  choices: fc.uniqueArray(fc.record({ product: anyProduct, region: anyRegion, period, measure, team: fc.constantFrom(...TEAMS), author, chosen_at: time }), {
    maxLength: 4,
    selector: cellOf,
  }),
});

export const referenceRows: fc.Arbitrary<ReferenceRows> = fc
  .record({
    rules: fc.tuple(fc.constantFrom(...CONFLICT_RULES), fc.constantFrom(...CONFLICT_RULES), fc.shuffledSubarray([...TEAMS])),
    growth: fc.option(decimal(-20, 20, 2)),
  })
  .map(({ rules: [volume, revenue, order], growth }) => ({
    ...REFERENCE,
    conflictRules: [
      { measure: 'volume', rule: volume, team_order: order },
      { measure: 'revenue', rule: revenue, team_order: null },
    ],
    assumptions: growth === null ? [] : [{ name: 'growth:volume', value: growth, author: 'dee', updated_at: '2026-01-01T00:00:00Z' }],
  }));

export const NO_ROWS: ScopeRows = { baseline: [], adjustments: [], capacities: [], overrides: [], choices: [] };

/** The same rows in another order. */
export function shuffledRows(rows: ScopeRows, random: (items: readonly unknown[]) => unknown[]): ScopeRows {
  const entries = Object.entries(rows).map(([name, items]) => [name, random(items as readonly unknown[])]);
  return Object.fromEntries(entries) as ScopeRows;
}
