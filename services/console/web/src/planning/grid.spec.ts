import { describe, expect, it } from '@jest/globals';
import { cleared, pasted, rowOf, type Place, typed } from './cell-write.ts';
import { adjustmentOf } from './adjustment.ts';
import { amountOf, textOf } from './decimal.ts';
import { actionOf, editActionOf } from './grid-keys.ts';
import { type Cell, cellKey, cellsOf, type GridView, rowsOf, usedRows } from './grid-model.ts';
import { adjustment, REFERENCE } from './planning.fixture.ts';

const VIEW: GridView = { measure: 'volume', kind: 'delta', unit: 'pcs' };
const ROW = { id: 'p10|DE', product: 'p10', region: 'DE', leaf: true };
const KEY = cellKey(ROW, '2026-01');
const amount = (text: string): bigint => amountOf(text) ?? 0n;
const cellOf = (entries: Parameters<typeof cellsOf>[0], view = VIEW): Cell => cellsOf(entries, view, REFERENCE).cells.get(KEY) as Cell;
const place = (cell?: Cell): Place => ({ row: ROW, period: '2026-01', cell });

describe('a cell of a team’s grid', () => {
  it('adds changes up, newest first', () => {
    const cell = cellOf([adjustment(1), adjustment(2, { amount: '2.5' })]);
    expect(textOf(cell.amount ?? 0n)).toBe('12.5');
    expect(cell.entries.map(({ id }) => id)).toEqual(['2', '1']);
  });

  it('shows the latest of those that stand instead of the baseline', () => {
    const absolute = { kind: 'absolute' };
    const cell = cellOf([adjustment(2, { ...absolute, amount: '7' }), adjustment(1, { ...absolute, amount: '9' })], { ...VIEW, kind: 'absolute' });
    expect(textOf(cell.amount ?? 0n)).toBe('7');
  });

  it('converts units that differ, and says so where nothing tells how', () => {
    const both = cellOf([adjustment(1), adjustment(2, { unit: 'pallet', amount: '1' })]);
    expect([both.unit, textOf(both.amount ?? 0n)]).toEqual(['pcs', '58']);
    expect(cellOf([adjustment(1), adjustment(2, { unit: 'box' })]).amount).toBeUndefined();
  });

  it('marks where entries of another kind stand, and leaves other measures out', () => {
    const { cells, others } = cellsOf([adjustment(1, { kind: 'percent', unit: null }), adjustment(2, { measure: 'revenue' })], VIEW, REFERENCE);
    expect(cells.size).toBe(0);
    expect([...others]).toEqual([KEY]);
  });
});

describe('the lines of the grid', () => {
  const choice = { allLevels: false, onlyUsed: false, search: '' };

  it('are the leaves, and every node that has an entry', () => {
    const used = usedRows([adjustment(1, { product: 'pumps', region: 'EMEA' })], 'volume');
    expect(rowsOf(REFERENCE, used, choice).map(({ id }) => id)).toEqual(['pumps|EMEA', 'p10|FR', 'p10|DE', 'p20|FR', 'p20|DE', 'v1|FR', 'v1|DE']);
    expect(rowsOf(REFERENCE, used, { ...choice, onlyUsed: true }).map(({ id }) => id)).toEqual(['pumps|EMEA']);
    expect(rowsOf(REFERENCE, used, { ...choice, allLevels: true })).toHaveLength(15);
  });

  it('are searched by the names on their paths, each word somewhere', () => {
    expect(rowsOf(REFERENCE, new Set(), { ...choice, search: 'pumps germany' }).map(({ id }) => id)).toEqual(['p10|DE', 'p20|DE']);
  });
});

describe('an edit', () => {
  it('enters a row where there is none', () => {
    expect(typed(place(), amount('5'), VIEW)).toMatchObject({
      op: 'insert',
      rows: [{ product: 'p10', region: 'DE', period: '2026-01', kind: 'delta', amount: '5', unit: 'pcs' }],
    });
  });

  it('changes the one entry in place', () => {
    expect(typed(place(cellOf([adjustment(1)])), amount('12'), VIEW)).toMatchObject({ op: 'update', entry: { id: '1' }, change: { amount: '12' } });
  });

  it('enters the difference where several entries add up', () => {
    expect(typed(place(cellOf([adjustment(1), adjustment(2)])), amount('25'), VIEW)).toMatchObject({ op: 'insert', rows: [{ amount: '5' }] });
  });

  it('changes the latest of those that stand instead', () => {
    const view: GridView = { ...VIEW, kind: 'absolute' };
    const cell = cellOf([adjustment(1, { kind: 'absolute' }), adjustment(2, { kind: 'absolute' })], view);
    expect(typed(place(cell), amount('25'), view)).toMatchObject({ op: 'update', entry: { id: '2' } });
  });

  it('does nothing when the cell comes to that already, and refuses a sum that can not be known', () => {
    expect(typed(place(cellOf([adjustment(1)])), amount('10'), VIEW)).toEqual({ op: 'none' });
    expect(typed(place(cellOf([adjustment(1), adjustment(2, { unit: 'box' })])), amount('10'), VIEW).op).toBe('refused');
  });

  it('clears all entries of the cells', () => {
    expect(cleared([place(cellOf([adjustment(1), adjustment(2)])), place()])).toMatchObject({ op: 'delete', entries: [{ id: '2' }, { id: '1' }] });
    expect(cleared([place()])).toEqual({ op: 'none' });
  });

  it('pastes as new rows with the same columns: differences where something stands', () => {
    const rows = pasted(
      [
        { place: place(), amount: amount('3') },
        { place: place(cellOf([adjustment(1)])), amount: amount('12') },
        { place: place(cellOf([adjustment(1)])), amount: amount('10') },
      ],
      VIEW,
      'from the Q1 sheet',
    );
    expect(rows.map((row) => row.amount)).toEqual(['3', '2']);
    expect(new Set(rows.map((row) => Object.keys(row).join())).size).toBe(1);
    expect(rows[0]).toMatchObject({ comment: 'from the Q1 sheet' });
  });

  it('writes percents without a unit', () => {
    expect(typed(place(), amount('5'), { measure: 'volume', kind: 'percent', unit: undefined })).toMatchObject({ rows: [{ unit: null }] });
  });

  it('can enter again what an entry was', () => {
    const entry = adjustment(1, { comment: 'why', confidence: 0.5 });
    expect(adjustmentOf({ ...rowOf(entry), id: '1', author: entry.author, updated_at: entry.updatedAt })).toEqual(entry);
  });
});

describe('keys of the grid', () => {
  const key = (name: string, more: object = {}) => ({ key: name, shift: false, control: false, alt: false, ...more });

  it.each([
    ['F2', {}, 'edit'],
    ['F2', { shift: true }, 'details'],
    ['Enter', {}, 'edit'],
    ['Enter', { shift: true }, 'move'],
    ['5', {}, 'type'],
    ['-', {}, 'type'],
    ['x', {}, 'move'],
    ['Delete', {}, 'clear'],
    ['Backspace', {}, 'clear'],
    ['z', { control: true }, 'undo'],
    ['Z', { control: true, shift: true }, 'move'],
    ['a', { control: true }, 'all'],
    ['5', { control: true }, 'move'],
    ['ArrowUp', {}, 'move'],
  ] as const)('%s %o means %s', (name, more, action) => {
    expect(actionOf(key(name, more), true)).toBe(action);
  });

  it('change nothing where the table is another team’s', () => {
    for (const name of ['5', 'Delete', 'Enter', 'F2']) expect(actionOf(key(name), false)).toBe('move');
    expect(actionOf(key('z', { control: true }), false)).toBe('move');
  });

  it('keep an edit with Enter, Tab, and arrows only when it was typed over the cell', () => {
    expect(editActionOf({ key: 'ArrowLeft' }, true)).toBe('keep');
    expect(editActionOf({ key: 'ArrowLeft' }, false)).toBe('none');
    expect(editActionOf({ key: 'Tab' }, false)).toBe('keep');
    expect(editActionOf({ key: 'Escape' }, false)).toBe('give-up');
  });
});
