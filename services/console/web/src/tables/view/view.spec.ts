import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gridColumns, type GridColumn } from '../columns/grid-column.ts';
import { conditionOf, filterConditions } from './filter-query.ts';
import { operatorsOf } from './operators.ts';
import { beyond, orderParameter, rowOrder } from './row-order.ts';
import { PLAIN_VIEW, type TableView, viewOf, withView } from './table-view.ts';

const COLUMNS: ReadonlyMap<string, GridColumn> = new Map(
  gridColumns({
    key: ['id'],
    columns: [
      { name: 'id', type: 'integer', sqlType: 'bigint', system: true },
      { name: 'name', type: 'text', sqlType: 'text', system: false },
      { name: 'amount', type: 'decimal', scale: 2, sqlType: 'numeric(10,2)', system: false, required: true },
      { name: 'Due on', type: 'date', sqlType: 'date', system: false },
      { name: 'state', type: 'choice', options: ['a', 'b'], sqlType: 'text', system: false },
      { name: 'tags', type: 'multi-choice', options: ['a', 'b'], sqlType: 'text[]', system: false },
      { name: 'seen', type: 'timestamp', sqlType: 'timestamp with time zone', system: false },
      { name: 'data', type: 'json', sqlType: 'jsonb', system: false },
    ],
    archived: false,
    may: { select: true, insert: true, update: true, delete: true, edit: true },
  }).map((column) => [column.name, column]),
);
const condition = (column: string, operator: string, ...values: string[]): string | undefined => conditionOf({ column, operator, values }, COLUMNS);

describe('a view', () => {
  it('is in the address and comes back from it as it was, whatever its columns and values hold', () => {
    const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' });
    const views = fc.record({
      sorts: fc.array(fc.record({ column: text, descending: fc.boolean() }), { maxLength: 3 }),
      filters: fc.array(
        fc.record({ column: text, operator: fc.constantFrom('is', 'any', 'empty'), values: fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }) }),
        { maxLength: 3 },
      ),
      hidden: fc.array(text, { maxLength: 3 }),
      order: fc.array(text, { maxLength: 3 }),
      widths: fc.dictionary(text, fc.integer({ min: 60, max: 900 }), { maxKeys: 3 }),
    });
    fc.assert(
      fc.property(views, (view) => {
        const address = withView(new URLSearchParams({ panel: 'history', sort: 'old' }), view).toString();
        const read = new URLSearchParams(address);
        expect(viewOf(read)).toEqual({ ...view, widths: { ...view.widths } });
        expect(read.get('panel')).toBe('history');
      }),
    );
  });

  it('is the plain one where the address says nothing, and leaves out what makes no sense', () => {
    expect(viewOf(new URLSearchParams())).toEqual(PLAIN_VIEW);
    expect(viewOf(new URLSearchParams('where=x&width=a.wide,b.10'))).toEqual({ ...PLAIN_VIEW, widths: { b: 60 } } satisfies TableView);
  });
});

describe('a filter', () => {
  it.each([
    ['text with every character', condition('name', 'contains', 'a,b)"%*'), String.raw`name.ilike."*a,b)\"\\%_*"`],
    ['emptiness too where it says "not"', condition('name', 'lacks', 'x'), 'or(name.not.ilike."*x*",name.is.null)'],
    ['a number as the browser writes it', condition('amount', 'least', '1,000.5'), 'amount.gte."1000.5"'],
    ['more digits than the column has', condition('amount', 'more', '0.005'), 'amount.gt."0.005"'],
    ['a day', condition('Due on', 'most', '31.1.2026'), '"Due on".lte."2026-01-31"'],
    ['one of several', condition('state', 'any', 'a', 'b'), 'state.in.("a","b")'],
    ['none of them, or nothing', condition('state', 'none', 'a'), 'or(state.not.in.("a"),state.is.null)'],
    ['lists', condition('tags', 'has-all', 'a', 'b'), String.raw`tags.cs."{\"a\",\"b\"}"`],
    ['nothing at all', condition('data', 'empty'), 'data.is.null'],
    ['the same on both sides', condition('name', 'not', 'x'), 'name.isdistinct."x"'],
  ])('asks for %s', (_what, made, expected) => {
    expect(made).toBe(expected);
  });

  it('says nothing while its value is missing or can’t be read', () => {
    expect([condition('amount', 'more', ''), condition('amount', 'more', 'x'), condition('Due on', 'is', '31.2.2026'), condition('gone', 'is', '1')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('knows every operator that is offered', () => {
    for (const column of COLUMNS.values())
      for (const { name, takes } of operatorsOf(column)) {
        const value = { date: '2026-01-01', timestamp: '2026-01-01 10:00' }[column.kind as string] ?? '1';
        expect([
          column.kind,
          name,
          filterConditions({ filters: [{ column: column.name, operator: name, values: takes === 'nothing' ? [] : [value] }] }, COLUMNS).length,
        ]).toEqual([column.kind, name, 1]);
      }
  });
});

describe('the order of rows', () => {
  it('ends with the key, and is the exact mirror backwards', () => {
    const terms = rowOrder([{ column: 'name', descending: true }], ['id'], COLUMNS);
    expect(orderParameter(terms)).toBe('name.desc.nullslast,id.asc');
    expect(orderParameter(terms, true)).toBe('name.asc.nullsfirst,id.desc');
    expect(orderParameter(rowOrder([{ column: 'data', descending: false }], ['id'], COLUMNS))).toBe('id.asc');
    expect(
      orderParameter(
        rowOrder(
          [
            { column: 'id', descending: true },
            { column: 'name', descending: true },
          ],
          ['id'],
          COLUMNS,
        ),
      ),
    ).toBe('id.desc');
  });

  it('says which rows come after one, by a bound that an index serves', () => {
    expect(beyond(rowOrder([], ['id'], COLUMNS), { id: 7 })).toEqual(['id.gt."7"']);
    const terms = rowOrder([{ column: 'amount', descending: true }], ['id'], COLUMNS);
    expect(beyond(terms, { id: 7, amount: '1.50' })).toEqual(['amount.lte."1.50"', 'or(amount.lt."1.50",and(amount.eq."1.50",id.gt."7"))']);
    expect(beyond(terms, { id: 7, amount: '1.50' }, { before: true })).toEqual(['amount.gte."1.50"', 'or(amount.gt."1.50",and(amount.eq."1.50",id.lt."7"))']);
  });

  it('puts nulls last, both ways', () => {
    const terms = rowOrder([{ column: 'name', descending: false }], ['id'], COLUMNS);
    expect(beyond(terms, { id: 7, name: 'x' })).toEqual(['or(or(name.gt."x",name.is.null),and(name.eq."x",id.gt."7"))']);
    expect(beyond(terms, { id: 7, name: null })).toEqual(['and(name.is.null,id.gt."7")']);
    expect(beyond(terms, { id: 7, name: null }, { before: true })).toEqual(['or(name.not.is.null,and(name.is.null,id.lt."7"))']);
  });
});
