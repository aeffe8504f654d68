import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GridColumn } from '../columns/grid-column.ts';
import { drawnColumns, GUTTER, leftFor, placesOf, STEP } from './drawn-columns.ts';

const columnsOf = (count: number, keys: number): GridColumn[] => Array.from({ length: count }, (_, at) => ({ name: `c${at}`, key: at < keys }) as GridColumn);
const widths = fc.array(fc.integer({ min: 60, max: 900 }), { minLength: 1, maxLength: 400 });

describe('the columns that are drawn', () => {
  it('are all that are seen, wherever one scrolls, and few more', () => {
    fc.assert(
      fc.property(widths, fc.nat(300_000), fc.integer({ min: 300, max: 3_000 }), fc.nat(3), (px, scrolled, width, keys) => {
        const left = Math.min(scrolled, Math.max(0, GUTTER + px.reduce((sum, each) => sum + each, 0) - width));
        const places = new Set(placesOf(drawnColumns(columnsOf(px.length, keys), px, { step: Math.floor(left / STEP), width })));
        let start = GUTTER;
        for (const [at, each] of px.entries()) {
          if (start < left + width && start + each > left) expect(places).toContain(at);
          start += each;
        }
        expect(places.size).toBeLessThanOrEqual((width + 1_000) / 60 + 2 + keys);
      }),
    );
  });

  it('have the key at the left where it comes first and leaves room', () => {
    const px = Array.from({ length: 100 }, () => 150);
    expect(drawnColumns(columnsOf(100, 2), px, { step: 40, width: 1_000 })).toMatchObject({ frozen: 2, lefts: [64, 214] });
    expect(drawnColumns(columnsOf(100, 2), px, { step: 40, width: 400 }).frozen).toBe(0);
    expect(placesOf(drawnColumns(columnsOf(100, 1), px, { step: 40, width: 400 }), [3]).slice(0, 3)).toEqual([0, 3, 50]);
  });

  it('are scrolled to beside the frozen ones', () => {
    const px = Array.from({ length: 100 }, () => 100);
    const drawn = drawnColumns(columnsOf(100, 1), px, { step: 0, width: 500 });
    expect(drawn.frozen).toBe(1);
    expect(leftFor(0, px, drawn, { left: 3_000, width: 500 })).toBeUndefined();
    expect(leftFor(10, px, drawn, { left: 950, width: 500 })).toBe(900);
    expect(leftFor(10, px, drawn, { left: 0, width: 500 })).toBe(664);
    expect(leftFor(2, px, drawn, { left: 0, width: 500 })).toBeUndefined();
  });
});
