import type { Team } from '../model/inputs.ts';

/** A small company's plan for 2027: the same rows every time. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  Bikes: ['City bike', 'Trekking bike', 'Race bike', 'Cargo bike'],
  'E-bikes': ['E-city', 'E-trekking', 'E-mountain', 'E-cargo'],
  Accessories: ['Helmet', 'Lock', 'Light set', 'Pannier'],
};
const AREAS: Readonly<Record<string, readonly string[]>> = {
  EMEA: ['Germany', 'France', 'United Kingdom', 'Gulf states'],
  AMER: ['United States', 'Brazil'],
  APAC: ['Japan', 'Australia'],
};
const PERIODS = Array.from({ length: 12 }, (_, month) => `2027-${String(month + 1).padStart(2, '0')}`);
/** Share of a year's demand by month: bicycles sell in spring. */
const SEASON = [0.6, 0.7, 1.0, 1.3, 1.5, 1.5, 1.3, 1.1, 0.9, 0.7, 0.6, 0.8];
const PRICE: Readonly<Record<string, number>> = { Bikes: 890, 'E-bikes': 2_650, Accessories: 62 };
const COST: Readonly<Record<string, number>> = { Bikes: 0.61, 'E-bikes': 0.66, Accessories: 0.48 };
const DEMAND: Readonly<Record<string, number>> = { Bikes: 420, 'E-bikes': 310, Accessories: 1_900 };
const MARKET: Readonly<Record<string, number>> = {
  Germany: 1.4,
  France: 1.1,
  'United Kingdom': 0.9,
  'Gulf states': 0.3,
  'United States': 1.6,
  Brazil: 0.5,
  Japan: 0.8,
  Australia: 0.45,
};

export interface DemoTable {
  table: string;
  rows: readonly object[];
}

/** Everything but the teams' adjustments, in the order in which it can be inserted. */
export function demoReference(): DemoTable[] {
  return [
    { table: 'settings', rows: [{ name: 'reporting_currency', value: 'EUR' }] },
    { table: 'products', rows: tree('product', FAMILIES) },
    { table: 'regions', rows: tree('region', AREAS) },
    { table: 'periods', rows: PERIODS.map((period, month) => ({ period, starts_on: `${period}-01`, ends_on: lastDay(month) })) },
    { table: 'units', rows: UNITS },
    {
      table: 'measures',
      rows: [
        { measure: 'volume', name: 'Volume', dimension: 'quantity' },
        { measure: 'revenue', name: 'Revenue', dimension: 'money' },
        { measure: 'cost', name: 'Cost', dimension: 'money' },
      ],
    },
    {
      table: 'rates',
      rows: PERIODS.flatMap((period, month) => RATES.map(([currency, rate]) => ({ currency, period, rate: (rate * (1 + month / 500)).toFixed(4) }))),
    },
    {
      table: 'conflict_rules',
      rows: [
        { measure: 'volume', rule: 'confidence', team_order: null },
        { measure: 'revenue', rule: 'priority', team_order: ['finance', 'sales', 'supply'] },
        { measure: 'cost', rule: 'latest', team_order: null },
      ],
    },
    { table: 'baseline', rows: baseline() },
    { table: 'schedules', rows: [{ name: 'hourly', cron: '0 * * * *', time_zone: 'Europe/Berlin', overlap: 'queue', catch_up: '24 hours', enabled: true }] },
  ];
}

const UNITS = [
  { unit: 'piece', dimension: 'quantity', factor: '1' },
  { unit: 'dozen', dimension: 'quantity', factor: '12' },
  { unit: 'pallet', dimension: 'quantity', factor: '24' },
  { unit: 'EUR', dimension: 'money', factor: null },
  { unit: 'USD', dimension: 'money', factor: null },
  { unit: 'GBP', dimension: 'money', factor: null },
  { unit: 'JPY', dimension: 'money', factor: null },
];
const RATES = [
  ['USD', 0.92],
  ['GBP', 1.17],
  ['JPY', 0.0062],
] as const;

function tree(column: string, families: Readonly<Record<string, readonly string[]>>): object[] {
  const roots = Object.keys(families).map((name) => ({ [column]: name, parent: null, name }));
  return [...roots, ...Object.entries(families).flatMap(([parent, leaves]) => leaves.map((name) => ({ [column]: name, parent, name })))];
}

function lastDay(month: number): string {
  return new Date(Date.UTC(2027, month + 1, 0)).toISOString().slice(0, 10);
}

function baseline(): object[] {
  return Object.entries(FAMILIES).flatMap(([family, products]) =>
    products.flatMap((product, place) =>
      Object.values(AREAS)
        .flat()
        .flatMap((region) => PERIODS.flatMap((period, month) => baselineOf({ family, product, region, period }, (1.25 - place * 0.2) * (SEASON[month] ?? 1)))),
    ),
  );
}

function baselineOf({ family, ...cell }: { family: string; product: string; region: string; period: string }, demand: number): object[] {
  const volume = Math.max(1, Math.round((DEMAND[family] ?? 0) * (MARKET[cell.region] ?? 0) * demand));
  const revenue = volume * (PRICE[family] ?? 0);
  return [
    { ...cell, measure: 'volume', amount: String(volume), unit: 'piece' },
    { ...cell, measure: 'revenue', amount: String(revenue), unit: 'EUR' },
    { ...cell, measure: 'cost', amount: (revenue * (COST[family] ?? 0)).toFixed(2), unit: 'EUR' },
  ];
}

/** What the teams did to it, each under its own name: some at families and areas, some on the same node (conflicts), some beyond capacity. */
export function demoEdits(): Record<Team, DemoTable[]> {
  return {
    finance: [
      { table: 'finance_adjustments', rows: financeRows() },
      {
        table: 'assumptions',
        rows: [
          { name: 'growth:revenue', value: '1.5', unit: null, comment: 'List prices rise in January' },
          { name: 'inflation', value: '2.1', unit: null, comment: 'Euro area, per cent' },
        ],
      },
    ],
    sales: [{ table: 'sales_adjustments', rows: salesRows() }],
    supply: [
      { table: 'supply_adjustments', rows: supplyRows() },
      {
        table: 'capacities',
        rows: PERIODS.slice(3, 7).map((period) => ({ product: 'E-bikes', region: 'EMEA', period, amount: '250', unit: 'pallet' })),
      },
    ],
  };
}

function adjustment(cell: [product: string, region: string, period: string], measure: string, amount: string, rest: object): object {
  const [product, region, period] = cell;
  return { product, region, period, measure, kind: 'delta', amount, confidence: '1', comment: '', ...rest };
}

function financeRows(): object[] {
  return PERIODS.flatMap((period, month) => [
    adjustment(['Bikes', 'EMEA', period], 'cost', '-1.5', { kind: 'percent', unit: null, confidence: '0.9', comment: 'New aluminium contract' }),
    adjustment(['E-bikes', 'Germany', period], 'revenue', String(12_000 + month * 500), { unit: 'EUR', confidence: '0.8', comment: 'Company leasing' }),
    ...(month % 3 === 0 ? [adjustment(['Accessories', 'AMER', period], 'revenue', '8500', { unit: 'USD', confidence: '0.7', comment: 'Bundle offer' })] : []),
  ]);
}

function salesRows(): object[] {
  return PERIODS.flatMap((period, month) => [
    adjustment(['E-bikes', 'EMEA', period], 'volume', month < 6 ? '12' : '4', {
      kind: 'percent',
      unit: null,
      confidence: '0.7',
      comment: 'Subsidy until June',
    }),
    adjustment(['E-trekking', 'France', period], 'volume', '40', { unit: 'piece', confidence: '0.6', comment: 'Two new dealers' }),
    ...(month % 2 === 0 ? [adjustment(['E-bikes', 'Germany', period], 'revenue', '21000', { unit: 'EUR', confidence: '0.6', comment: 'Fleet deal' })] : []),
    ...(month > 3 ? [adjustment(['Race bike', 'United States', period], 'volume', '3', { unit: 'dozen', confidence: '0.8', comment: 'Sponsoring' })] : []),
  ]);
}

function supplyRows(): object[] {
  return PERIODS.flatMap((period, month) => [
    adjustment(['E-trekking', 'France', period], 'volume', '15', { unit: 'piece', confidence: '0.9', comment: 'Batteries are short' }),
    ...(month < 4
      ? [adjustment(['Cargo bike', 'APAC', period], 'volume', '-10', { kind: 'percent', unit: null, confidence: '0.8', comment: 'Port strike' })]
      : []),
    ...(month % 4 === 0 ? [adjustment(['Bikes', 'EMEA', period], 'cost', '4200', { unit: 'GBP', confidence: '0.7', comment: 'Freight' })] : []),
  ]);
}
