import { describe, expect, it } from '@jest/globals';
import { MOST_PX, placeAt, scrolled, topFor } from './scroll-space.ts';

const SIZE = { rows: 320_000_000, view: 600 };
const top = ({ scrollTop, shift }: { scrollTop: number; shift: number }): number => scrollTop + shift;

describe('scrolling through more than a browser draws', () => {
  it('is plain scrolling where all of it can be drawn', () => {
    expect(scrolled({ scrollTop: 0, shift: 0 }, 5_000, { rows: 100_000, view: 600 })).toEqual({ scrollTop: 5_000, shift: 0 });
  });

  it('goes as far as the wheel turns, and jumps in proportion where the thumb is dragged', () => {
    const there = scrolled({ scrollTop: 0, shift: 0 }, MOST_PX / 2, SIZE);
    expect(top(there) / SIZE.rows).toBeCloseTo(0.5, 4);
    expect(top(scrolled(there, there.scrollTop + 120, SIZE)) - top(there)).toBeCloseTo(120);
  });

  it('reaches both ends, and only the ends', () => {
    const end = scrolled({ scrollTop: 0, shift: 0 }, MOST_PX - SIZE.view, SIZE);
    expect(top(end)).toBe(SIZE.rows - SIZE.view);
    let place = placeAt(15_000, SIZE);
    for (let step = 0; step < 200; step += 1) place = scrolled(place, Math.max(0, place.scrollTop - 100), SIZE);
    expect([top(place), place.scrollTop]).toEqual([0, 0]);
  });

  it('does not stop where the element ends before the rows do', () => {
    let place = placeAt(SIZE.rows - 200_000, SIZE);
    for (let step = 0; step < 3_000; step += 1) place = scrolled(place, Math.min(MOST_PX - SIZE.view, place.scrollTop + 100), SIZE);
    expect(top(place)).toBe(SIZE.rows - SIZE.view);
  });

  it('brings a row into view by the shortest way', () => {
    const place = placeAt(1_000, SIZE);
    expect(topFor({ start: 990, height: 32 }, place, SIZE)).toBe(990);
    expect(topFor({ start: 1_590, height: 32 }, place, SIZE)).toBe(1_022);
    expect(topFor({ start: 1_200, height: 32 }, place, SIZE)).toBeUndefined();
  });
});
