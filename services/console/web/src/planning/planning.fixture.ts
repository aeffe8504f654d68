import type { Row } from '../api/rows.ts';
import { type Adjustment, adjustmentOf } from './adjustment.ts';
import { type PlanLine, planLineOf } from './plan-line.ts';
import { type Reference, referenceOf } from './reference.ts';

/** A small world: two families of two products, two regions of two, three months. */
export const REFERENCE: Reference = referenceOf({
  products: [
    { product: 'pumps', parent: null, name: 'Pumps' },
    { product: 'p10', parent: 'pumps', name: 'P10' },
    { product: 'p20', parent: 'pumps', name: 'P20' },
    { product: 'valves', parent: null, name: 'Valves' },
    { product: 'v1', parent: 'valves', name: 'V1' },
  ],
  regions: [
    { region: 'EMEA', parent: null, name: 'Europe' },
    { region: 'DE', parent: 'EMEA', name: 'Germany' },
    { region: 'FR', parent: 'EMEA', name: 'France' },
  ],
  periods: [{ period: '2026-02' }, { period: '2026-01' }, { period: '2026-03' }],
  measures: [
    { measure: 'volume', name: 'Volume', dimension: 'quantity' },
    { measure: 'revenue', name: 'Revenue', dimension: 'money' },
  ],
  units: [
    { unit: 'pcs', dimension: 'quantity', factor: '1' },
    { unit: 'pallet', dimension: 'quantity', factor: '48' },
    { unit: 'EUR', dimension: 'money', factor: null },
    { unit: 'USD', dimension: 'money', factor: null },
  ],
  settings: [{ name: 'reporting_currency', value: 'EUR' }],
  rates: [{ currency: 'USD', period: '2026-01', rate: '0.8' }],
});

export function adjustment(id: number, more: Row = {}): Adjustment {
  return adjustmentOf({
    id,
    product: 'p10',
    region: 'DE',
    period: '2026-01',
    measure: 'volume',
    kind: 'delta',
    amount: '10',
    unit: 'pcs',
    confidence: 1,
    author: 'finance',
    updated_at: `2026-01-01T00:00:${String(id).padStart(2, '0')}Z`,
    ...more,
  });
}

export function planLine(more: Row = {}): PlanLine {
  return planLineOf({
    product: 'p10',
    region: 'DE',
    period: '2026-01',
    measure: 'volume',
    unit: 'pcs',
    baseline: '100',
    assumed: '0',
    finance: '10',
    sales: '-5',
    supply: '0',
    cut: '5',
    override: '0',
    amount: '100',
    capacity: null,
    version: 3,
    ...more,
  });
}
