import { describe, expect, it } from '@jest/globals';
import { adjust, baseline } from './planning-rows.fixture.ts';
import { REFERENCE } from './random-plan.fixture.ts';
import { compileReference } from './reference.ts';
import { allScopes } from './scope.ts';
import { expandTouched, mergeTouched, touchedScopes, type Image } from './touched-scopes.ts';

const reference = compileReference(REFERENCE);
const image = (row: object): Image => row as Image;
const touched = (table: string, before: object | null, after: object | null) =>
  touchedScopes(reference, { table, before: before && image(before), after: after && image(after) });
const scopes = (...names: string[]) => ({ all: false, scopes: names, periods: [] });
const NONE = scopes();

describe('the scopes that a change touches', () => {
  const row = adjust('sales 1', 'city-1 north', '5');

  it('are the one a row lies in, and both where it moves', () => {
    expect(touched('sales_adjustments', null, row)).toEqual(scopes('bikes|eu|2026-01'));
    expect(touched('sales_adjustments', row, { ...row, product: 'lamp' })).toEqual(scopes('bikes|eu|2026-01', 'parts|eu|2026-01'));
    expect(touched('sales_adjustments', row, { ...row, region: 'us', period: '2026-02' })).toEqual(scopes('bikes|eu|2026-01', 'bikes|us|2026-02'));
    expect(touched('supply_adjustments', row, null)).toEqual(scopes('bikes|eu|2026-01'));
    expect(touched('baseline', null, baseline('lamp us', '1'))).toEqual(scopes('parts|us|2026-01'));
  });

  it('are none where nothing that the model reads has changed', () => {
    expect(touched('sales_adjustments', row, { ...row, comment: 'as agreed' })).toEqual(NONE);
    expect(touched('products', { product: 'bikes', parent: null, name: 'Bikes' }, { product: 'bikes', parent: null, name: 'Bicycles' })).toEqual(NONE);
    expect(touched('plan_comments', null, { product: 'bikes' })).toEqual(NONE);
    expect(touched('constructor', null, { product: 'bikes' })).toEqual(NONE);
    expect(touched('assumptions', null, { name: 'the weather', value: '1' })).toEqual(NONE);
  });

  it('are a period for a rate and for freezing one, everything for a hierarchy, a unit, a rule or an assumption', () => {
    expect(touched('rates', { currency: 'USD', period: '2026-01', rate: '0.9' }, { currency: 'USD', period: '2026-01', rate: '1' })).toEqual({
      all: false,
      scopes: [],
      periods: ['2026-01'],
    });
    expect(touched('frozen_periods', null, { period: '2026-02' })).toMatchObject({ periods: ['2026-02'] });
    expect(touched('products', { product: 'race', parent: 'bikes' }, { product: 'race', parent: 'parts' })).toEqual({ all: true });
    expect(touched('units', null, { unit: 'gross', dimension: 'quantity', factor: '144' })).toEqual({ all: true });
    expect(
      touched('conflict_rules', { measure: 'volume', rule: 'latest', team_order: ['sales'] }, { measure: 'volume', rule: 'latest', team_order: [] }),
    ).toEqual({
      all: true,
    });
    expect(touched('assumptions', { name: 'growth:volume', value: '1' }, { name: 'growth:volume', value: '2' })).toEqual({ all: true });
  });

  it('are all of them where a row names what is gone, or a table was emptied', () => {
    expect(touched('sales_adjustments', { ...row, product: 'trike' }, null)).toEqual({ all: true });
    expect(touched('baseline', null, null)).toEqual({ all: true });
  });

  it('add up over changes, and are looked up by period', () => {
    const both = mergeTouched([touched('sales_adjustments', null, row), touched('rates', null, { currency: 'CHF', period: '2026-02', rate: '1' })]);
    expect(expandTouched(both, allScopes(reference))).toEqual([
      'bikes|eu|2026-01',
      'bikes|eu|2026-02',
      'bikes|us|2026-02',
      'parts|eu|2026-02',
      'parts|us|2026-02',
    ]);
    expect(expandTouched(mergeTouched([both, { all: true }]), [])).toBeNull();
  });
});
