import { describe, expect, it } from '@jest/globals';
import { diffPlans } from './diff-plans.ts';
import { mergeDiffs } from './merge-diffs.ts';
import type { PlanDiff } from './plan.ts';
import { adjust, baseline, capacity, choice, exactly, override, plan, type Setting } from './planning-rows.fixture.ts';
import { REFERENCE } from './random-plan.fixture.ts';

const BASELINE = [baseline('city-1 north', '100'), baseline('city-1 south', '300'), baseline('race north', '200'), baseline('race south', '400')];
const diff = (before: Setting, after: Setting): PlanDiff => diffPlans(plan({ baseline: BASELINE, ...before }), plan({ baseline: BASELINE, ...after }));
const at = ({ changes }: PlanDiff, product: string, region: string) => changes.find((change) => change.product === product && change.region === region);

describe('a plan compared with the one before', () => {
  it('says of each changed line whose adjustment changed it, and by how much', () => {
    const changed = diff(
      { adjustments: [adjust('sales 1', 'race eu', '30'), adjust('finance 2', 'race north', '5')] },
      { adjustments: [adjust('sales 1', 'race eu', '60', { updated_at: '2026-01-03 00:00:00+00' }), adjust('finance 2', 'race north', '5')] },
    );
    expect(changed.changes).toHaveLength(2);
    expect(at(changed, 'race', 'south')).toMatchObject({
      before: exactly('420'),
      after: exactly('440'),
      causes: [{ source: 'adjustment', team: 'sales', id: '1', author: 'sales-planner', amount: exactly('20'), direct: true }],
    });
    expect(changed.upserts.map(({ product }) => product)).toEqual(['race', 'race']);
  });

  it('names one who withdrew', () => {
    const changed = diff({ adjustments: [adjust('sales 1', 'race north', '30')] }, {});
    expect(at(changed, 'race', 'north')?.causes).toEqual([expect.objectContaining({ id: '1', amount: exactly('-30'), direct: true })]);
  });

  it('names the one edit behind a line that only a shared capacity moved', () => {
    const capacities = [capacity('race eu', '600')];
    const changed = diff({ capacities }, { capacities, adjustments: [adjust('sales 1', 'race north', '300')] });
    expect(at(changed, 'race', 'south')?.causes).toEqual([
      { source: 'adjustment', team: 'sales', id: '1', author: 'sales-planner', amount: exactly('-133.333333'), direct: true },
    ]);
  });

  it('keeps direct causes apart from what moved with them where several changed', () => {
    const capacities = [capacity('race eu', '600')];
    const changed = diff(
      { capacities },
      {
        capacities,
        adjustments: [
          adjust('sales 1', 'race north', '300'),
          adjust('finance 3', 'race north', '0', { measure: 'revenue', unit: 'EUR' }),
          adjust('finance 4', 'race south', '8'),
        ],
      },
    );
    const causes = at(changed, 'race', 'south')?.causes ?? [];
    expect(causes.find(({ source }) => source === 'capacity')).toMatchObject({ id: 'race|eu', direct: false });
    expect(causes.find(({ id }) => id === '4')).toMatchObject({ amount: exactly('8'), direct: true });
    expect(causes.find(({ id }) => id === '1')).toMatchObject({ amount: 0n, direct: true });
    expect(causes.reduce((sum, { amount }) => sum + amount, 0n)).toBe((at(changed, 'race', 'south')?.after ?? 0n) - exactly('400'));
  });

  it.each<[string, Setting, Setting, object]>([
    ['an override', {}, { overrides: [override('4', 'race north', '1')] }, { source: 'override', id: '4', author: 'lead', direct: true }],
    [
      'a capacity',
      { capacities: [capacity('race eu', '600')] },
      { capacities: [capacity('race eu', '300')] },
      { source: 'capacity', id: 'race|eu', direct: true },
    ],
    [
      'a growth',
      {},
      { reference: { assumptions: [{ name: 'growth:volume', value: '5', author: 'dee', updated_at: '2026-01-01T00:00:00Z' }] } },
      { source: 'assumption', id: 'growth:volume', author: 'dee', direct: true },
    ],
    [
      'a unit',
      { adjustments: [adjust('sales 1', 'race north', '1', { unit: 'dozen' })] },
      {
        adjustments: [adjust('sales 1', 'race north', '1', { unit: 'dozen' })],
        reference: { units: REFERENCE.units.map((row) => (row.unit === 'dozen' ? { ...row, factor: '13' } : row)) },
      },
      { source: 'unit', id: 'dozen', direct: true },
    ],
    [
      'a choice',
      { adjustments: [adjust('sales 1', 'race north', '1'), adjust('supply 2', 'race north', '9')] },
      { adjustments: [adjust('sales 1', 'race north', '1'), adjust('supply 2', 'race north', '9')], choices: [choice('race north', 'sales')] },
      { source: 'choice', author: 'lead', direct: true },
    ],
  ])('names %s', (_, before, after, cause) => {
    expect(at(diff(before, after), 'race', 'north')?.causes).toContainEqual(expect.objectContaining(cause));
  });

  it('names one whose withdrawal let another team win', () => {
    const [one, two] = [adjust('sales 1', 'race north', '1'), adjust('supply 2', 'race north', '9')];
    expect(at(diff({ adjustments: [one, two] }, { adjustments: [one] }), 'race', 'north')?.causes).toEqual([
      { source: 'adjustment', team: 'supply', id: '2', author: 'supply-planner', amount: exactly('-8'), direct: true },
    ]);
  });

  it('lists conflicts that came, changed or went', () => {
    const [one, two] = [adjust('sales 1', 'race north', '1'), adjust('supply 2', 'race north', '9')];
    expect(diff({}, { adjustments: [one, two] }).conflictUpserts).toHaveLength(1);
    expect(diff({ adjustments: [one, two] }, { adjustments: [one] }).conflictRemovals).toEqual(['2026-01|volume|race|north']);
  });
});

describe('the diffs of a run', () => {
  it('together have a line once that went from one scope to another', () => {
    const before = plan({ baseline: BASELINE });
    const gone = diffPlans(before, { ...before, lines: [], conflicts: [], premises: [], tieOuts: [] });
    const come = diffPlans(null, { ...before, scope: 'parts|eu|2026-01', lines: before.lines.map((line) => ({ ...line, scope: 'parts|eu|2026-01' })) });
    for (const order of [
      [gone, come],
      [come, gone],
    ]) {
      expect(mergeDiffs(order)).toMatchObject({ removals: [], changes: [], conflictRemovals: [] });
      expect(mergeDiffs(order).upserts).toHaveLength(4);
    }
    expect(mergeDiffs([gone]).removals).toHaveLength(4);
  });
});
