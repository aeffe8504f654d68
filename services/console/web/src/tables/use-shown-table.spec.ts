import { describe, expect, it } from '@jest/globals';
import { renamesOf } from './use-shown-table.ts';

const renames = (...pairs: [string, string][]) =>
  pairs.map(([column, to], at) => ({ id: String(at + 8), edit: { op: 'rename-column', column, to } })).toReversed();

describe('names of columns that changed', () => {
  it('are those since a version, each from the first name to the last', () => {
    expect([...renamesOf(renames(['a', 'b'], ['b', 'c'], ['x', 'y']), '7')]).toEqual([
      ['a', 'c'],
      ['x', 'y'],
    ]);
    expect([...renamesOf(renames(['a', 'b'], ['b', 'c']), '8')]).toEqual([['b', 'c']]);
    expect([...renamesOf([{ id: '12', edit: { op: 'drop-column', column: 'a' } }], null)]).toEqual([]);
  });
});
