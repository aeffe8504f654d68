import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { divideRounded, formatAmount, parseAmount, parseExact } from './amount.ts';
import { allocate, allocateEqually, apportion } from './apportion.ts';
import { Conversion } from './convert.ts';
import { parseInstant } from './instant.ts';
import { baseline, plan } from './planning-rows.fixture.ts';
import { REFERENCE, scopeRows } from './random-plan.fixture.ts';
import { reconcileAll } from './reconcile-all.ts';
import { compileReference } from './reference.ts';
import { rollUp } from './roll-up.ts';

const amount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 24n }), { minLength: 1, maxLength: 40 }).filter((all) => all.some((weight) => weight > 0n));
const total = (all: readonly bigint[]): bigint => all.reduce((sum, each) => sum + each, 0n);

describe('allocation', () => {
  it('gives each its exact share rounded down or up, and loses nothing', () => {
    fc.assert(
      fc.property(amount, weights, (whole, all) => {
        const shares = allocate(whole, all, total(all));
        expect(total(shares)).toBe(whole);
        for (const [index, share] of shares.entries()) {
          const error = share * total(all) - whole * (all[index] as bigint);
          expect((error < 0n ? -error : error) < total(all)).toBe(true);
        }
      }),
    );
  });

  it('of an amount and of its reversal cancel everywhere', () => {
    fc.assert(
      fc.property(amount, weights, (whole, all) => expect(allocate(-whole, all, total(all)).map((share) => -share)).toEqual(allocate(whole, all, total(all)))),
    );
  });

  it('never takes more than there is: splitting less by the amounts themselves leaves none larger', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const left = (total(all) * BigInt(Math.floor(part * 1e6))) / 1_000_000n;
        for (const [index, share] of allocate(left, all, total(all)).entries()) expect(share >= 0n && share <= (all[index] as bigint)).toBe(true);
      }),
    );
  });

  it('in equal parts differs by one at most', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 50 }), (whole, count) => {
        const parts = allocateEqually(whole, count).sort((a, b) => (a < b ? -1 : 1));
        expect(total(parts)).toBe(whole);
        expect((parts.at(-1) as bigint) - (parts[0] as bigint) <= 1n).toBe(true);
      }),
    );
  });

  it('gives what is left to the largest remainders, of equal ones to the first', () => {
    expect(allocate(10n, [1n, 1n, 1n], 3n)).toEqual([4n, 3n, 3n]);
    expect(allocate(10n, [1n, 2n, 4n], 7n)).toEqual([1n, 3n, 6n]);
    expect(apportion(-1n, [-5n, 2n], 3n)).toEqual([-2n, 1n]);
  });
});

describe('amounts', () => {
  it('are read back as they are written', () => {
    fc.assert(fc.property(amount, (each) => expect(parseAmount(formatAmount(each))).toBe(each)));
  });

  it('are read alike short and long, with zeros or without', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), fc.stringMatching(/^\d{0,5}$/), (whole, places) => {
        const text = `${whole}.${places}`;
        const long = parseExact(`${whole < 0 || text.startsWith('-') ? '-' : ''}00000000000000000000${text.replace('-', '')}`);
        expect(parseExact(text)).toEqual(long);
      }),
    );
  });

  it.each(['', '-', '.', '1e3', 'NaN', 'Infinity', '1,5', ' 1', '1.2.3', '0x1', '١'])('are not %p', (text) => {
    expect(parseExact(text)).toBeUndefined();
  });

  it('are rounded to the nearest, halves to the even', () => {
    expect([5n, 15n, 25n, -5n, -15n, 14n, 16n, -16n].map((value) => divideRounded(value, 10n))).toEqual([0n, 2n, 2n, 0n, -2n, 1n, 2n, -2n]);
  });
});

describe('conversion', () => {
  const origin = { table: 'baseline', key: () => 'x' };

  it('there and back is the same amount, for every unit of at least one base unit', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 10n ** 6n, max: 10n ** 12n }), (each, factor) => {
        const units = [...REFERENCE.units, { unit: 'crate', dimension: 'quantity', factor: formatAmount(factor) }];
        const conversion = new Conversion(compileReference({ ...REFERENCE, units }), '2026-01');
        expect(conversion.fromBase(conversion.toBase(formatAmount(each), 'crate', 'quantity', origin), 'crate', origin)).toBe(each);
      }),
    );
  });

  it('is within half a millionth of the exact value, at any rate', () => {
    fc.assert(
      fc.property(amount, fc.bigInt({ min: 1n, max: 10n ** 9n }), (each, rate) => {
        const rates = [{ currency: 'USD', period: '2026-01', rate: formatAmount(rate) }];
        const converted = new Conversion(compileReference({ ...REFERENCE, rates }), '2026-01').toBase(formatAmount(each), 'USD', 'money', origin);
        const error = 2n * (converted * 1_000_000n - each * rate);
        expect(error <= 1_000_000n && error >= -1_000_000n).toBe(true);
      }),
    );
  });
});

describe('times', () => {
  it('are exact to the microsecond, from Postgres and from ISO 8601', () => {
    const postgres = fc.tuple(fc.date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }), fc.integer({ min: 0, max: 999 }));
    fc.assert(
      fc.property(postgres, ([date, micros]) => {
        const iso = date.toISOString();
        const expected = date.getTime() * 1000 + micros;
        const text = `${iso.slice(0, 10)} ${iso.slice(11, 23)}${String(micros).padStart(3, '0')}`;
        expect(parseInstant(`${text}+00`)).toBe(expected);
        expect(parseInstant(`${text}+05:30`)).toBe(expected - 19_800_000_000);
        expect(parseInstant(`${text.replace(' ', 'T')}Z`)).toBe(expected);
        expect(parseInstant(`${text.replace(/\.?0+$/, '')}+00`)).toBe(text.replace(/\.?0+$/, '').length < 19 ? Number.NaN : expected);
      }),
    );
    expect(parseInstant('2026-01-01 00:00:00.5+00')).toBe(Date.UTC(2026, 0, 1) * 1000 + 500_000);
  });

  it.each(['infinity', '', '2026-01-01', '2026-01-01 00:00:00', '2026-01-01 00:00:00.1234567+00', '12026-01-01 00:00:00+00'])('are not %p', (text) => {
    expect(parseInstant(text)).toBeNaN();
  });
});

describe('totals up the hierarchies', () => {
  it('are the sums of what lies under each node, whatever the plan', () => {
    const reference = compileReference(REFERENCE);
    fc.assert(
      fc.property(scopeRows, (rows) => {
        const lines = [...reconcileAll({ reference, rows, frozenPeriods: new Set(), published: () => null })].flatMap((scope) => scope.lines);
        const totals = new Map(rollUp(reference, lines).map((each) => [`${each.product}|${each.region}|${each.period}|${each.measure}`, each.amount]));
        for (const [key, sum] of totals) {
          const [product, region, period, measure] = key.split('|') as [string, string, string, string];
          if (reference.products.get(product)?.isLeaf) continue;
          const children = [...reference.products.values()].filter(({ parent }) => parent?.name === product);
          expect(total(children.map(({ name }) => totals.get(`${name}|${region}|${period}|${measure}`) ?? 0n))).toBe(sum);
        }
      }),
      { numRuns: 50 },
    );
    expect(rollUp(reference, plan({ baseline: [baseline('race north', '2')] }).lines).map(({ product, region }) => `${product} ${region}`)).toEqual([
      'bikes de',
      'bikes eu',
      'bikes north',
      'race de',
      'race eu',
      'race north',
    ]);
  });
});
