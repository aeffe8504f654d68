import { describe, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import { adjust, amounts, baseline, capacity, choice, exactly, inputs, lineAt, override, plan } from './planning-rows.fixture.ts';
import { reconcile } from './reconcile.ts';

/** bikes in eu: city-1 and race in north and south, 1,000 pieces in all. */
const BASELINE = [baseline('city-1 north', '100'), baseline('city-1 south', '300'), baseline('race north', '200'), baseline('race south', '400')];
const ruled = (rule: string, order: string[] | null = null) => ({ conflictRules: [{ measure: 'volume', rule, team_order: order }] });

describe('an adjustment of an inner node', () => {
  it('goes down to its leaves by their share of the baseline', () => {
    expect(amounts(plan({ baseline: BASELINE, adjustments: [adjust('sales 1', 'city eu', '40')] }))).toEqual({
      'city-1 north': 110,
      'city-1 south': 330,
      'race north': 200,
      'race south': 400,
    });
  });

  it('is split equally over all leaves where there is no baseline, to the last millionth', () => {
    const { lines } = plan({ adjustments: [adjust('sales 1', 'city eu', '1')] });
    expect(lines.map(({ product, region, amount }) => `${product} ${region} ${amount}`)).toEqual([
      'city-1 fr 166667',
      'city-1 north 166667',
      'city-1 south 166667',
      'city-2 fr 166667',
      'city-2 north 166666',
      'city-2 south 166666',
    ]);
  });

  it('as a percentage is of the baseline, whatever else was changed', () => {
    const made = plan({ baseline: BASELINE, adjustments: [adjust('sales 1', 'bikes eu', '100'), adjust('sales 2', 'bikes eu', '10 %')] });
    expect(lineAt(made, 'race south')).toMatchObject({ sales: exactly('80'), amount: exactly('480') });
  });

  it('as an absolute sets its total, and its leaves by their share of the baseline', () => {
    const made = plan({ baseline: BASELINE, adjustments: [adjust('finance 1', 'city eu', '=800')] });
    expect(amounts(made)).toMatchObject({ 'city-1 north': 200, 'city-1 south': 600, 'race north': 200 });
    expect(amounts(plan({ baseline: BASELINE, adjustments: [adjust('finance 1', 'city-1 south', '7'), adjust('finance 2', 'city eu', '=0')] }))).toMatchObject({
      'city-1 north': 0,
      'city-1 south': 7,
    });
  });

  it('counts shares by size where baselines have both signs', () => {
    const mixed = [baseline('city-1 north', '300'), baseline('city-1 south', '-100')];
    expect(amounts(plan({ baseline: mixed, adjustments: [adjust('sales 1', 'city-1 de', '40')] }))).toEqual({ 'city-1 north': 330, 'city-1 south': -90 });
  });
});

describe('adjustments of different levels', () => {
  /** The worked example of docs/planning.md. */
  it('go from the widest to the narrowest: a leaf has the last word, and the total moves by it', () => {
    const made = plan({
      baseline: BASELINE,
      adjustments: [adjust('finance 9', 'bikes eu', '=1200'), adjust('sales 5', 'city eu', '10 %'), adjust('supply 1', 'city-1 south', '=350')],
    });
    expect(amounts(made)).toEqual({ 'city-1 north': 130, 'city-1 south': 350, 'race north': 240, 'race south': 480 });
    expect(lineAt(made, 'city-1 south')).toMatchObject({ baseline: exactly('300'), finance: exactly('60'), sales: exactly('30'), supply: exactly('-40') });
    expect(made.tieOuts).toEqual([expect.objectContaining({ baseline: exactly('1000'), adjustments: exactly('200'), expected: exactly('1200'), ok: true })]);
    expect(made.conflicts).toEqual([]);
  });

  it('of one depth that overlap take effect in the order they were made', () => {
    const across = [adjust('sales 1', 'bikes de', '=0'), adjust('sales 2', 'city eu', '=40')];
    expect(amounts(plan({ baseline: BASELINE, adjustments: across }))).toMatchObject({ 'city-1 north': 10, 'city-1 south': 30 });
    const reversed = [adjust('sales 3', 'bikes de', '=0'), adjust('sales 2', 'city eu', '=40')];
    expect(amounts(plan({ baseline: BASELINE, adjustments: reversed }))).toMatchObject({ 'city-1 north': 0, 'city-1 south': 0 });
  });
});

describe('adjustments of one team', () => {
  it('add up, from its latest absolute on', () => {
    const own = [
      adjust('sales 1', 'race north', '50'),
      adjust('sales 2', 'race north', '=300'),
      adjust('sales 3', 'race north', '-20'),
      adjust('sales 4', 'race north', '5%'),
    ];
    expect(lineAt(plan({ baseline: BASELINE, adjustments: own }), 'race north')).toMatchObject({ amount: exactly('290'), conflict: false });
  });

  it('of one time go by id, as a number', () => {
    const at = { updated_at: '2026-01-01T00:00:00Z' };
    const own = [adjust('sales 10', 'race north', '=10', at), adjust('sales 9', 'race north', '=9', at)];
    expect(lineAt(plan({ baseline: BASELINE, adjustments: own }), 'race north').amount).toBe(exactly('10'));
  });
});

describe('a conflict', () => {
  const three = [
    adjust('finance 2', 'race north', '-100', { confidence: '0.500' }),
    adjust('sales 5', 'race north', '=500', { confidence: '0.250' }),
    adjust('supply 3', 'race north', '40', { confidence: '0.250' }),
  ];
  const resolved = (more: object): unknown => {
    const made = plan({ baseline: BASELINE, adjustments: three, ...more });
    return { amount: lineAt(made, 'race north').amount, ...made.conflicts[0]?.resolution };
  };

  it('is decided by the latest change where no rule is set', () => {
    const decided = { amount: exactly('300'), by: 'latest', team: 'sales', author: null };
    expect(resolved({})).toEqual(decided);
    expect(resolved({ reference: ruled('latest') })).toEqual(decided);
  });

  it('is decided by precedence, teams that are not named coming last', () => {
    expect(resolved({ reference: ruled('priority', ['supply']) })).toMatchObject({ amount: exactly('40'), team: 'supply' });
    expect(resolved({ reference: ruled('priority', []) })).toMatchObject({ amount: exactly('-100'), team: 'finance' });
  });

  it('is weighed by confidence: each team has its part of the change', () => {
    expect(resolved({ reference: ruled('confidence') })).toMatchObject({ amount: exactly('35'), team: null });
    const line = lineAt(plan({ baseline: BASELINE, adjustments: three, reference: ruled('confidence') }), 'race north');
    expect(line).toMatchObject({ finance: exactly('-50'), sales: exactly('75'), supply: exactly('10'), amount: exactly('235'), conflict: true });
  });

  it('is weighed evenly where nobody has any confidence', () => {
    const unsure = three.map((row) => ({ ...row, confidence: '0.000' }));
    expect(lineAt(plan({ baseline: BASELINE, adjustments: unsure, reference: ruled('confidence') }), 'race north').amount).toBe(exactly('280'));
  });

  it('is decided by a choice against any rule, while the chosen team has something there', () => {
    const chosen = { reference: ruled('priority', ['supply']), choices: [choice('race north', 'finance')] };
    expect(resolved(chosen)).toEqual({ amount: exactly('-100'), by: 'choice', team: 'finance', author: 'lead' });
    expect(resolved({ ...chosen, adjustments: three.slice(1) })).toMatchObject({ by: 'priority', team: 'supply' });
  });

  it('is listed with everyone in it, under an id that stays', () => {
    const { conflicts } = plan({ baseline: BASELINE, adjustments: three });
    expect(conflicts).toEqual([
      {
        id: '2026-01|volume|race|north',
        product: 'race',
        region: 'north',
        period: '2026-01',
        measure: 'volume',
        scope: 'bikes|eu|2026-01',
        rule: 'latest',
        contributors: [
          { team: 'finance', ids: ['2'], authors: ['finance-planner'], amount: exactly('-100'), confidence: 500_000n, at: '2026-01-01 00:00:02+00' },
          { team: 'sales', ids: ['5'], authors: ['sales-planner'], amount: exactly('300'), confidence: 250_000n, at: '2026-01-01 00:00:05+00' },
          { team: 'supply', ids: ['3'], authors: ['supply-planner'], amount: exactly('40'), confidence: 250_000n, at: '2026-01-01 00:00:03+00' },
        ],
        resolution: { amount: exactly('300'), by: 'latest', team: 'sales', author: null },
      },
    ]);
  });

  it('is none between a node and another one above it', () => {
    expect(plan({ baseline: BASELINE, adjustments: [adjust('finance 1', 'bikes eu', '10'), adjust('sales 2', 'race north', '10')] }).conflicts).toEqual([]);
  });
});

describe('a capacity', () => {
  it('cuts the leaves under its node pro rata, and says so', () => {
    const made = plan({ baseline: BASELINE, capacities: [capacity('race eu', '300')] });
    expect(amounts(made)).toEqual({ 'city-1 north': 100, 'city-1 south': 300, 'race north': 100, 'race south': 200 });
    expect(lineAt(made, 'race north')).toMatchObject({ cut: exactly('100'), capacity: exactly('300'), constrained: true });
    expect(lineAt(made, 'city-1 north')).toMatchObject({ cut: 0n, capacity: null, constrained: false });
    expect(lineAt(made, 'race north').contributors).toEqual([
      { source: 'capacity', team: null, id: 'race|eu', author: null, at: null, amount: exactly('-100') },
    ]);
  });

  it('of a wider node shares out what the narrower ones leave', () => {
    const nested = [capacity('race eu', '300'), capacity('bikes eu', '350')];
    expect(amounts(plan({ baseline: BASELINE, capacities: nested }))).toEqual({ 'city-1 north': 50, 'city-1 south': 150, 'race north': 50, 'race south': 100 });
  });

  it('leaves money alone', () => {
    const money = baseline('race north', '900', { measure: 'revenue', unit: 'EUR' });
    expect(lineAt(plan({ baseline: [money], capacities: [capacity('race eu', '1')] }), 'race north', 'revenue')).toMatchObject({
      amount: exactly('900'),
      capacity: null,
    });
  });
});

describe('an override', () => {
  it('holds against adjustments and capacity; the other leaves make room', () => {
    const setting = { baseline: BASELINE, adjustments: [adjust('sales 1', 'race north', '=1')], capacities: [capacity('race eu', '300')] };
    const made = plan({ ...setting, overrides: [override('4', 'race north', '250')] });
    expect(amounts(made)).toMatchObject({ 'race north': 250, 'race south': 50 });
    expect(lineAt(made, 'race north')).toMatchObject({ sales: exactly('-199'), override: exactly('249'), overridden: true, cut: 0n });
  });

  it('may exceed a capacity by itself, and then leaves nothing to the others', () => {
    const made = plan({ baseline: BASELINE, capacities: [capacity('race eu', '300')], overrides: [override('4', 'race north', '999')] });
    expect(amounts(made)).toMatchObject({ 'race north': 999, 'race south': 0 });
  });

  it('that was withdrawn is as if it had never been', () => {
    const withdrawn = { ...override('4', 'race north', '999'), withdrawn: true };
    expect(plan({ baseline: BASELINE, overrides: [withdrawn] })).toEqual(plan({ baseline: BASELINE }));
  });
});

describe('a frozen period', () => {
  const published = plan({ baseline: BASELINE, adjustments: [adjust('sales 1', 'race north', '5')] });

  it('keeps its lines against everything, overrides included', () => {
    const made = plan({ baseline: [], overrides: [override('4', 'race north', '1')], frozen: true, published });
    expect(made.lines).toEqual(published.lines.map((line) => ({ ...line, frozen: true })));
    expect(made.tieOuts.every(({ ok }) => ok)).toBe(true);
  });

  it('gets its first plan if it was frozen before it had one', () => {
    expect(lineAt(plan({ baseline: BASELINE, frozen: true }), 'race north')).toMatchObject({ amount: exactly('200'), frozen: true });
  });

  it('does not publish lines that were spoilt in their store', () => {
    const [first, ...others] = published.lines;
    const spoilt = { ...published, lines: [{ ...first!, amount: 1n }, ...others] };
    expect(() => reconcile(inputs({ frozen: true, published: spoilt }))).toThrow(/doesn't tie out, so it isn't published/);
  });
});

describe('amounts', () => {
  it('are converted to the base unit, and at the rate of their period', () => {
    const made = plan({
      baseline: [baseline('race north', '2.5', { unit: 'dozen' }), baseline('race north', '100', { measure: 'revenue', unit: 'USD' })],
    });
    expect(lineAt(made, 'race north')).toMatchObject({ amount: exactly('30'), unit: 'piece' });
    expect(lineAt(made, 'race north', 'revenue')).toMatchObject({ amount: exactly('90.7'), unit: 'EUR' });
  });

  it('are never binary floats', () => {
    const tenths = [
      adjust('sales 1', 'race north', '0.1'),
      adjust('sales 2', 'race north', '0.2'),
      adjust('sales 3', 'race north', '99999999999999999999.000001'),
    ];
    expect(lineAt(plan({ adjustments: tenths }), 'race north').amount).toBe(exactly('99999999999999999999.300001'));
  });

  it('rest on an assumed rate where the period has none', () => {
    const assumptions = [{ name: 'rate:USD', value: '0.8', author: 'dee', updated_at: '2026-01-01T00:00:00Z' }];
    const money = baseline('race north', '100', { measure: 'revenue', unit: 'USD' });
    expect(lineAt(plan({ baseline: [money], reference: { rates: [], assumptions } }), 'race north', 'revenue').amount).toBe(exactly('80'));
  });

  it('grow with an assumption, apart from what teams change', () => {
    const assumptions = [{ name: 'growth:volume', value: '2.5', author: 'dee', updated_at: '2026-01-01T00:00:00Z' }];
    const made = plan({ baseline: BASELINE, reference: { assumptions } });
    expect(lineAt(made, 'race north')).toMatchObject({ baseline: exactly('200'), assumed: exactly('5'), amount: exactly('205') });
  });
});

describe('a scope', () => {
  it('of roots that are gone, or that nothing is said about, is empty', () => {
    expect(plan({})).toMatchObject({ lines: [], conflicts: [], tieOuts: [] });
    expect(reconcile({ ...inputs({}), scope: 'trikes|eu|2026-01' })).toMatchObject({ lines: [] });
  });

  it('has the line of a leaf that somebody names, even with nothing in it', () => {
    expect(amounts(plan({ adjustments: [adjust('sales 1', 'race north', '0')] }))).toEqual({ 'race north': 0 });
  });
});

describe('a row that no plan can be made from', () => {
  const sound = { baseline: BASELINE };
  const usd = baseline('race north', '1', { measure: 'revenue', unit: 'USD' });
  const rate = (text: string) => ({ rates: [{ currency: 'USD', period: '2026-01', rate: text }] });
  it.each([
    [
      'an unknown unit',
      { adjustments: [adjust('sales 7', 'race north', '1', { unit: 'stone' })] },
      'planning.sales_adjustments row 7: unit "stone" is unknown',
    ],
    ['no unit', { adjustments: [adjust('sales 7', 'race north', '1', { unit: null })] }, 'planning.sales_adjustments row 7: unit is missing'],
    [
      'a unit of another dimension',
      { adjustments: [adjust('sales 7', 'race north', '1', { unit: 'EUR' })] },
      'row 7: unit "EUR" measures "money", not "quantity"',
    ],
    ['an unknown product', { adjustments: [adjust('sales 7', 'trike north', '1')] }, 'planning.sales_adjustments row 7: product "trike" is unknown'],
    ['an unknown measure', { adjustments: [adjust('sales 7', 'race north', '1', { measure: 'joy' })] }, 'row 7: measure "joy" is unknown'],
    ['an unknown kind', { adjustments: [adjust('sales 7', 'race north', '1', { kind: 'twice' })] }, 'row 7: kind "twice" is unknown'],
    ['an amount that is no number', { adjustments: [adjust('sales 7', 'race north', 'NaN')] }, 'row 7: amount is no decimal number'],
    ['more places than the plan has', { adjustments: [adjust('sales 7', 'race north', '0.1234567')] }, 'row 7: amount has more than 6 decimal places'],
    ['more digits than a store holds', { adjustments: [adjust('sales 7', 'race north', `1${'0'.repeat(32)}`)] }, 'row 7: amount is too large'],
    ['a conversion beyond that', { adjustments: [adjust('sales 7', 'race north', `9${'0'.repeat(31)}`, { unit: 'dozen' })] }, 'row 7: amount is too large'],
    [
      'a sum beyond that',
      { baseline: [baseline('race north', '9'.repeat(32))], adjustments: [adjust('sales 7', 'race north', '1')] },
      'planning.plan_lines row ("race", "north", "2026-01", "volume"): amount is too large',
    ],
    ['a confidence above one', { adjustments: [adjust('sales 7', 'race north', '1', { confidence: '1.1' })] }, 'row 7: confidence is not between 0 and 1'],
    ['a time that is none', { adjustments: [adjust('sales 7', 'race north', '1', { updated_at: 'infinity' })] }, 'row 7: updated_at is no time'],
    [
      'a missing rate',
      { baseline: [usd], reference: { rates: [] } },
      'planning.baseline row ("race", "north", "2026-01", "revenue"): unit "USD" has no rate in period "2026-01"',
    ],
    ['a rate of zero', { baseline: [usd], reference: rate('0') }, 'planning.rates row ("USD", "2026-01"): rate is no number above zero'],
    ['a negative rate', { baseline: [usd], reference: rate('-1') }, 'planning.rates row ("USD", "2026-01"): rate is no number above zero'],
    ['a baseline of an inner node', { baseline: [baseline('city north', '1')] }, 'product "city" has products under it'],
    [
      'a baseline twice',
      { baseline: [...BASELINE, baseline('race north', '1')] },
      'planning.baseline row ("race", "north", "2026-01", "volume"): key is there twice',
    ],
    [
      'two standing overrides',
      { ...sound, overrides: [override('4', 'race north', '1'), override('5', 'race north', '2')] },
      'planning.plan_overrides row 5: key is the second standing',
    ],
    ['a capacity below zero', { ...sound, capacities: [capacity('race eu', '-1')] }, 'planning.capacities row ("race", "eu", "2026-01"): amount is below zero'],
    ['a row of another scope', { adjustments: [adjust('sales 7', 'lamp north', '1')] }, 'row 7: product "lamp" is not in the scope'],
    [
      'a cycle',
      {
        reference: {
          products: [
            { product: 'a', parent: 'b' },
            { product: 'b', parent: 'a' },
          ],
        },
      },
      'planning.products row "a": parent leads back to the row itself',
    ],
    ['a parent that is not there', { reference: { regions: [{ region: 'de', parent: 'eu' }] } }, 'planning.regions row "de": parent "eu" is unknown'],
    ['an unknown rule', { reference: ruled('loudest') }, 'planning.conflict_rules row "volume": rule "loudest" is unknown'],
    [
      'a growth that is no number',
      { reference: { assumptions: [{ name: 'growth:volume', value: 'some', author: null, updated_at: '' }] } },
      'planning.assumptions row "growth:volume": value is no decimal number',
    ],
  ])('is named: %s', (_, setting, message) => {
    let failure: unknown;
    try {
      plan(setting);
    } catch (thrown) {
      failure = thrown;
    }
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      kind: 'poison-record',
      message: expect.stringContaining(message),
      detail: { table: expect.any(String), key: expect.any(String), field: expect.any(String) },
    });
  });
});
