import { describe, expect, it } from '@jest/globals';
import { gridColumns } from '../columns/grid-column.ts';
import type { GridRow } from '../rows/grid-row.ts';
import { type PastePlan, planPaste, rowsOf } from './paste-plan.ts';

const COLUMNS = gridColumns({
  key: ['id'],
  columns: [
    { name: 'id', type: 'integer', sqlType: 'bigint', system: true },
    { name: 'client', type: 'text', sqlType: 'text', system: false, required: true },
    { name: 'amount', type: 'decimal', sqlType: 'numeric', system: false, label: 'Amount in euro' },
    { name: 'state', type: 'choice', options: ['open', 'closed'], sqlType: 'text', system: false, required: true, default: 'open' },
  ],
  archived: false,
  may: { select: true, insert: true, update: true, delete: true, edit: false },
});
const ROWS: readonly GridRow[] = [1, 2, 3].map((id) => ({ key: `["${id}"]`, values: { id, client: `c${id}`, amount: '1.00', state: 'open' } }));
const plan = (block: string[][], [top, left, bottom = top, right = left]: number[]): PastePlan =>
  planPaste(block, {
    columns: COLUMNS,
    at: { top: top ?? 0, left: left ?? 0, bottom: bottom ?? 0, right: right ?? 0 },
    count: ROWS.length,
    rowAt: (index) => ROWS[index],
    habits: { style: '.', order: 'dmy' },
  });
const brief = ({ changes, inserts }: PastePlan): unknown => ({
  changes: changes.map(({ index, values }) => [index, values]),
  inserts: inserts.map(({ values }) => values),
});

describe('a pasted block', () => {
  it('goes to the cells from the chosen one on, as their columns read it; what is there already is no change', () => {
    const made = plan(
      [
        ['Nord', '1.234,50'],
        ['c2', '2,00'],
      ],
      [0, 1],
    );
    expect(brief(made)).toEqual({
      changes: [
        [0, { client: 'Nord', amount: '1234.50' }],
        [1, { amount: '2.00' }],
      ],
      inserts: [],
    });
    expect([made.same, made.problems]).toEqual([1, []]);
  });

  it('finds its columns by a first line of their names, in any order', () => {
    const made = plan(
      [
        ['State', 'amount in euro'],
        ['closed', '7'],
      ],
      [1, 0],
    );
    expect(made.byName).toBe(true);
    expect(brief(made)).toEqual({ changes: [[1, { state: 'closed', amount: '7' }]], inserts: [] });
    expect(
      rowsOf(
        [
          ['State', 'amount in euro'],
          ['closed', '7'],
        ],
        { at: { top: 1, left: 0, bottom: 1, right: 0 }, columns: COLUMNS, count: 3 },
      ),
    ).toEqual({ first: 1, last: 1 });
  });

  it('adds rows behind the last one, and leaves what they don’t say to the defaults', () => {
    const made = plan(
      [
        ['x', '1', ''],
        ['y', '2', 'closed'],
      ],
      [2, 1],
    );
    expect(brief(made)).toEqual({ changes: [[2, { client: 'x', amount: '1' }]], inserts: [{ client: 'y', amount: '2', state: 'closed' }] });
    // The empty cell of a row that is there would empty it.
    expect(made.problems).toEqual([expect.objectContaining({ line: 1, column: 3, why: 'must not be empty' })]);
  });

  it('fills the selection with a single value', () => {
    expect(brief(plan([['closed']], [0, 3, 2, 3]))).toMatchObject({
      changes: [
        [0, { state: 'closed' }],
        [1, { state: 'closed' }],
        [2, { state: 'closed' }],
      ],
    });
  });

  it('names each cell that can’t be used, and why', () => {
    const made = plan([['9', 'x', 'much', 'ajar', '?']], [0, 0]);
    expect(made.problems.map(({ column, title, text, why }) => [column, title, text, why])).toEqual([
      [1, 'Id', '9', 'the key of a row stays'],
      [3, 'Amount in euro', 'much', 'not a number'],
      [4, 'State', 'ajar', '“ajar” is none of open, closed'],
      [5, '', '?', 'right of the last column'],
    ]);
    expect(plan([['5']], [3, 2]).problems).toEqual([expect.objectContaining({ title: 'Client', why: 'a new row (1) needs a value' })]);
  });
});
