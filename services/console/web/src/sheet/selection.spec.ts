import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clamped, contains, type Key, moved, type Point, pointsOf, rectangleOf, type Selection } from './selection.ts';

const SIZE = { rows: 5, columns: 4, page: 3 };
const at = (row: number, column: number): Selection => ({ focus: { row, column }, anchor: { row, column } });
const key = (name: string, more: Partial<Key> = {}): Key => ({ key: name, shift: false, control: false, ...more });
const nothing = (): boolean => false;
const to = (from: Selection, pressed: Key, filled: (point: Point) => boolean = nothing): Point | undefined => moved(from, pressed, SIZE, filled)?.focus;

describe('moving in a grid', () => {
  it('goes one cell with an arrow and stays inside', () => {
    expect(to(at(1, 1), key('ArrowDown'))).toEqual({ row: 2, column: 1 });
    expect(to(at(0, 0), key('ArrowUp'))).toEqual({ row: 0, column: 0 });
    expect(to(at(4, 3), key('PageDown'))).toEqual({ row: 4, column: 3 });
  });

  it('extends the selection with Shift', () => {
    const next = moved(at(1, 1), key('ArrowRight', { shift: true }), SIZE, nothing) as Selection;
    expect(rectangleOf(next)).toEqual({ top: 1, left: 1, bottom: 1, right: 2 });
    expect(pointsOf(rectangleOf(next))).toHaveLength(2);
    expect(contains(rectangleOf(next), 1, 3)).toBe(false);
  });

  it('goes to the end of a filled run with Control, else to the next filled cell, else to the border', () => {
    const filled = ({ column }: Point): boolean => column === 1 || column === 2;
    expect(to(at(0, 1), key('ArrowRight', { control: true }), filled)).toEqual({ row: 0, column: 2 });
    expect(to(at(0, 0), key('ArrowRight', { control: true }), filled)).toEqual({ row: 0, column: 1 });
    expect(to(at(0, 2), key('ArrowRight', { control: true }), filled)).toEqual({ row: 0, column: 3 });
    expect(to(at(0, 0), key('End', { control: true }))).toEqual({ row: 4, column: 3 });
  });

  it('wraps with Tab and leaves the grid at its ends', () => {
    expect(to(at(0, 3), key('Tab'))).toEqual({ row: 1, column: 0 });
    expect(to(at(1, 0), key('Tab', { shift: true }))).toEqual({ row: 0, column: 3 });
    expect(to(at(4, 3), key('Tab'))).toBeUndefined();
    expect(to(at(0, 0), key('Tab', { shift: true }))).toBeUndefined();
    expect(to(at(0, 0), key('x'))).toBeUndefined();
  });

  it('goes down with Enter, up with Shift', () => {
    expect(to(at(1, 2), key('Enter'))).toEqual({ row: 2, column: 2 });
    expect(to(at(1, 2), key('Enter', { shift: true }))).toEqual({ row: 0, column: 2 });
  });

  it('never leaves the grid, whatever is pressed and wherever cells are filled', () => {
    const keys = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown', 'Tab', 'Enter'];
    const pressed = fc.record({ key: fc.constantFrom(...keys), shift: fc.boolean(), control: fc.boolean() });
    fc.assert(
      fc.property(fc.array(pressed), fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (presses, cells) => {
        const filled = ({ row, column }: Point): boolean => cells[row * SIZE.columns + column] ?? false;
        let selection = at(0, 0);
        for (const press of presses) selection = moved(selection, press, SIZE, filled) ?? selection;
        expect(clamped(selection, SIZE)).toEqual(selection);
      }),
    );
  });
});
