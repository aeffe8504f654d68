import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isBackwards, PAGE, type PageRead, planRead } from './plan-read.ts';
import { SparseRows } from './sparse-rows.ts';

interface Item {
  key: string;
}
const item = (number: number): Item => ({ key: String(number) });
const items = (from: number, count: number): Item[] => Array.from({ length: count }, (_, at) => item(from + at));
const shown = (rows: SparseRows<Item>): [number, number][] => rows.segments.map(({ start, rows: { length } }) => [start, length]);

/** What a server answers that holds the rows 0 … total - 1. */
function answer(read: PageRead<Item>, total: number): Item[] {
  const { from, offset, limit } = read;
  const origin = 'after' in from ? Number(from.after.key) + 1 : 'before' in from ? Number(from.before.key) - 1 : from.end === 'start' ? 0 : total - 1;
  if (!isBackwards(read)) return items(0, total).slice(origin + offset, origin + offset + limit);
  const last = origin - offset;
  return items(0, total).slice(Math.max(0, last - limit + 1), last + 1);
}

describe('the loaded parts of a long list', () => {
  it('grow together, and hold each row once', () => {
    const rows = new SparseRows<Item>();
    rows.put(0, items(0, 3));
    rows.put(10, items(10, 2));
    expect(shown(rows)).toEqual([
      [0, 3],
      [10, 2],
    ]);
    rows.put(3, items(3, 7));
    expect(shown(rows)).toEqual([[0, 12]]);
    rows.put(20, [item(1)]);
    expect([rows.indexOf('1'), rows.at(1), rows.size]).toEqual([20, undefined, 12]);
  });

  it('close up behind a row that goes', () => {
    const rows = new SparseRows<Item>();
    rows.put(0, items(0, 3));
    rows.put(10, items(10, 2));
    expect([rows.remove('1'), rows.remove('1')]).toEqual([true, false]);
    expect([rows.at(1)?.key, rows.indexOf('10')]).toEqual(['2', 9]);
    rows.replace({ key: '10' });
    expect(rows.get('10')).toEqual({ key: '10' });
  });

  it('are forgotten far from where one looks', () => {
    const rows = new SparseRows<Item>();
    rows.put(0, items(0, 100));
    rows.put(500, items(500, 100));
    rows.keepNear(520, 30);
    expect(shown(rows)).toEqual([[500, 51]]);
    expect(rows.get('3')).toBeUndefined();
  });
});

describe('the next page', () => {
  const total = { rows: 1_000_000, exact: true };
  const loaded = (...parts: [number, number][]): SparseRows<Item> => {
    const rows = new SparseRows<Item>();
    for (const [from, count] of parts) rows.put(from, items(from, count));
    return rows;
  };

  it('of an untouched table begins at its start, and jumped to the end at its end', () => {
    expect(planRead([], total, { first: 0, last: 40 })).toEqual({ at: 0, limit: PAGE, from: { end: 'start' }, offset: 0 });
    expect(planRead([], total, { first: 999_900, last: 999_999 })).toEqual({ at: 999_900, limit: 100, from: { end: 'end' }, offset: 0 });
    expect(planRead([], { ...total, exact: false }, { first: 999_900, last: 999_999 })).toMatchObject({ from: { end: 'start' }, offset: 999_900 });
  });

  it('goes on behind the last known row, or before the first, without an offset', () => {
    const { segments } = loaded([500_000, 200]);
    expect(planRead(segments, total, { first: 500_150, last: 500_260 })).toEqual({ at: 500_200, limit: PAGE, from: { after: item(500_199) }, offset: 0 });
    expect(planRead(segments, total, { first: 499_950, last: 500_050 })).toEqual({ at: 499_800, limit: PAGE, from: { before: item(500_000) }, offset: 0 });
    expect(planRead(segments, total, { first: 500_000, last: 500_199 })).toBeUndefined();
  });

  it('brings everything that is wanted, each row at its index, wherever one jumps', () => {
    const jumps = fc.array(fc.record({ first: fc.integer({ min: 0, max: 2_999 }), size: fc.integer({ min: 1, max: 300 }) }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(jumps, fc.boolean(), (places, exact) => {
        const rows = new SparseRows<Item>();
        for (const { first, size } of places) {
          const wanted = { first, last: first + size - 1 };
          let reads = 0;
          for (let read = planRead(rows.segments, { rows: 3_000, exact }, wanted); read; read = planRead(rows.segments, { rows: 3_000, exact }, wanted)) {
            rows.put(read.at, answer(read, 3_000));
            expect((reads += 1)).toBeLessThan(20);
          }
          for (let index = first; index <= Math.min(2_999, wanted.last); index += 1) expect(rows.at(index)?.key).toBe(String(index));
        }
      }),
    );
  });
});
