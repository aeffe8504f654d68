import { describe, expect, it } from '@jest/globals';
import { amountOf, textOf } from './decimal.ts';
import { Hierarchy } from './hierarchy.ts';
import { REFERENCE } from './planning.fixture.ts';
import { convert, periodTitle, unitsOf } from './reference.ts';

describe('a hierarchy', () => {
  it('is walked depth first, siblings by name', () => {
    expect(REFERENCE.products.nodes.map(({ id }) => id)).toEqual(['pumps', 'p10', 'p20', 'valves', 'v1']);
    expect(REFERENCE.products.depth('p20')).toBe(1);
    expect(REFERENCE.products.path('p20')).toEqual(['pumps', 'p20']);
    expect(REFERENCE.regions.leaves('EMEA')).toEqual(['FR', 'DE']);
    expect(REFERENCE.regions.leaves('DE')).toEqual(['DE']);
  });

  it('makes a root of a child whose parent is not to be seen, and survives a circle', () => {
    const odd = new Hierarchy([
      { id: 'a', parent: 'hidden', name: 'A' },
      { id: 'b', parent: 'c', name: 'B' },
      { id: 'c', parent: 'b', name: 'C' },
    ]);
    expect(odd.roots.map(({ id }) => id)).toEqual(['a']);
    expect(odd.path('b')).toEqual(['c', 'b']);
    expect(odd.name('unknown')).toBe('unknown');
  });
});

describe('units', () => {
  const of = (from: string, to: string, period = '2026-01'): string | undefined => {
    const amount = convert(REFERENCE, amountOf('10') ?? 0n, { from, to, period });
    return amount === undefined ? undefined : textOf(amount);
  };

  it('convert by factor within a quantity, and by the period’s rate between currencies', () => {
    expect(of('pallet', 'pcs')).toBe('480');
    expect(of('USD', 'EUR')).toBe('8');
    expect(of('EUR', 'USD')).toBe('12.5');
  });

  it('do not convert without a rate, or across dimensions', () => {
    expect(of('USD', 'EUR', '2026-03')).toBeUndefined();
    expect(of('pcs', 'EUR')).toBeUndefined();
    expect(of('box', 'pcs')).toBeUndefined();
  });

  it('belong to a measure by its dimension', () => {
    expect(unitsOf(REFERENCE, 'volume')).toEqual(['pcs', 'pallet']);
    expect(REFERENCE.periods).toEqual(['2026-01', '2026-02', '2026-03']);
    expect(periodTitle('2026-03')).toContain('26');
  });
});
