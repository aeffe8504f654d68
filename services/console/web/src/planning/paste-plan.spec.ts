import { describe, expect, it } from '@jest/globals';
import { readBlock } from '../sheet/block.ts';
import { textOf } from './decimal.ts';
import { cellsOf, type Grid, rowsOf } from './grid-model.ts';
import { adjustment, REFERENCE } from './planning.fixture.ts';
import { planPaste } from './paste-plan.ts';

const VIEW = { measure: 'volume', kind: 'delta', unit: 'pcs' } as const;
const GRID: Grid = {
  rows: rowsOf(REFERENCE, new Set(), { allLevels: false, onlyUsed: false, search: '' }),
  periods: REFERENCE.periods,
  ...cellsOf([adjustment(1)], VIEW, REFERENCE),
};
const at = (row: number, column: number, bottom = row, right = column) => ({ top: row, left: column, bottom, right });
const plan = (text: string, where = at(0, 0), style: '.' | ',' = '.') => planPaste(readBlock(text), where, GRID, style);
const changes = (text: string, where = at(0, 0)) => plan(text, where).changes.map(({ place, amount }) => [`${place.row.id} ${place.period}`, textOf(amount)]);

describe('a pasted block', () => {
  it('lands from the chosen cell on', () => {
    expect(changes('1\t2\n3\t4\n', at(0, 1))).toEqual([
      ['p10|FR 2026-02', '1'],
      ['p10|FR 2026-03', '2'],
      ['p10|DE 2026-02', '3'],
      ['p10|DE 2026-03', '4'],
    ]);
  });

  it('tells what can not be read or has no place, and keeps the rest', () => {
    const { changes: good, problems, empty } = plan('1\tn/a\t\t9', at(0, 1));
    expect(good).toHaveLength(1);
    expect(empty).toBe(1);
    expect(problems).toEqual([
      { line: 1, column: 2, text: 'n/a', why: 'not a number' },
      { line: 1, column: 4, text: '9', why: 'right of the last period' },
    ]);
    expect(plan('1\n2', at(5, 0)).problems).toEqual([{ line: 2, column: 1, text: '2', why: 'below the last row' }]);
  });

  it('fills the whole selection with a single value', () => {
    expect(changes('5', at(0, 0, 1, 1))).toHaveLength(4);
    expect(plan('x', at(0, 0, 1, 1)).problems).toHaveLength(1);
  });

  it('goes by the periods of its first line, whatever cell is chosen', () => {
    expect(changes('2026-03\tJan 26\n7\t8', at(1, 2))).toEqual([
      ['p10|DE 2026-03', '7'],
      ['p10|DE 2026-01', '8'],
    ]);
    expect(plan('02/2026\n1').byPeriod).toBe(true);
    expect(plan('2026-12\n1').byPeriod).toBe(false);
  });

  it('reads all numbers in one style, told by the cells that tell it', () => {
    const { style, changes: found } = plan('1.234\t0,5', at(0, 0));
    expect(style).toBe(',');
    expect(found.map(({ amount }) => textOf(amount))).toEqual(['1234', '0.5']);
  });

  it('knows cells that come to it already', () => {
    expect(plan('10', at(1, 0)).changes).toMatchObject([{ same: true }]);
  });
});
