import { describe, expect, it } from '@jest/globals';
import { REFERENCE } from './planning.fixture.ts';
import { changeOf, isComplete, keyQuery, PREMISES, type PremiseTable, shownOf, valuesOf } from './premises.ts';

const kind = (table: PremiseTable) => {
  const found = PREMISES.find((each) => each.table === table);
  if (!found) throw new TypeError(`no ${table}`);
  return found;
};

describe('a premise', () => {
  it('is sent as it was stated, and of one that is there only what differs', () => {
    const rules = kind('conflict_rules');
    const before = valuesOf(rules, { measure: 'volume', rule: 'latest', team_order: null });
    expect(changeOf(rules, { ...before, rule: 'priority', team_order: 'supply,sales,finance' }, before)).toEqual({
      rule: 'priority',
      team_order: ['supply', 'sales', 'finance'],
    });
    expect(changeOf(rules, before, before)).toEqual({});
    const schedule = { ...valuesOf(kind('schedules'), undefined), name: 'nightly', cron: ' 0 2 * * * ' };
    expect(changeOf(kind('schedules'), schedule)).toEqual({
      name: 'nightly',
      cron: '0 2 * * *',
      time_zone: 'UTC',
      overlap: 'queue',
      catch_up: '24 hours',
      enabled: true,
    });
  });

  it('says nothing as null, but in words', () => {
    expect(changeOf(kind('assumptions'), { name: 'x', value: '1', unit: '', comment: '' })).toEqual({ name: 'x', value: '1', unit: null, comment: '' });
  });

  it('is found by its whole key and shown by names, whichever way a list comes', () => {
    const capacity = valuesOf(kind('capacities'), { product: 'p10', region: 'DE', period: '2026-01', amount: '12.500000', unit: 'pcs' });
    expect(keyQuery(kind('capacities'), capacity).toString()).toBe('product=eq.p10&region=eq.DE&period=eq.2026-01');
    expect(kind('capacities').fields.map((field) => shownOf(field, REFERENCE, capacity[field.name] ?? ''))).toEqual([
      'P10',
      'Germany',
      '2026-01',
      '12.500000',
      'pcs',
    ]);
    for (const order of [['sales', 'supply', 'finance'], '{sales,supply,finance}'])
      expect(valuesOf(kind('conflict_rules'), { measure: 'volume', rule: 'priority', team_order: order }).team_order).toBe('sales,supply,finance');
  });

  it('has a span of time in words, whichever way it comes', () => {
    const spans = {
      P0Y0M0DT24H0M0S: '24 hours',
      '24:00:00': '24 hours',
      '1 day 00:01:30.5': '1 day 1 minute 30.5 seconds',
      '00:00:00': '0 seconds',
      soon: 'soon',
    };
    for (const [text, words] of Object.entries(spans)) expect(valuesOf(kind('schedules'), { catch_up: text }).catch_up).toBe(words);
  });

  it('is complete once all that is required is there', () => {
    expect(isComplete(kind('capacities'), { product: 'p10', region: 'DE', period: '2026-01', amount: ' ', unit: 'pcs' })).toBe(false);
    expect(isComplete(kind('conflict_rules'), { measure: 'volume', rule: 'latest', team_order: '' })).toBe(true);
  });
});
