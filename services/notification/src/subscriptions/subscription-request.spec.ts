import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FilterError } from './filter-error.ts';
import { parseSubscription } from './subscription-request.ts';

const parse = (query: string) => parseSubscription('shop.item', new URLSearchParams(query));
const literal = (text: string) => ({ literal: text });

describe('the query of a change stream', () => {
  it.each([
    ['', undefined],
    ['id=eq.1', { op: 'eq', column: 'id', value: literal('1') }],
    ['id=not.gte.1.5', { op: 'not', arg: { op: 'gte', column: 'id', value: literal('1.5') } }],
    ['name=in.(a,"b,c","d\\"e")', { op: 'in', column: 'name', values: ['a', 'b,c', 'd"e'].map(literal) }],
    ['name=in.()', { op: 'in', column: 'name', values: [] }],
    ['name=eq."as it is"', { op: 'eq', column: 'name', value: literal('"as it is"') }],
    ['a=is.null', { op: 'is-null', column: 'a' }],
    ['a=is.not_null', { op: 'not', arg: { op: 'is-null', column: 'a' } }],
    [
      'a=is.TRUE',
      {
        op: 'and',
        args: [
          { op: 'not', arg: { op: 'is-null', column: 'a' } },
          { op: 'eq', column: 'a', value: literal('true') },
        ],
      },
    ],
    [
      'id=gt.1&id=lt.9',
      {
        op: 'and',
        args: [
          { op: 'gt', column: 'id', value: literal('1') },
          { op: 'lt', column: 'id', value: literal('9') },
        ],
      },
    ],
    [
      'or=(a.eq.1,not.and(b.neq."x,y",c.not.is.null))',
      {
        op: 'or',
        args: [
          { op: 'eq', column: 'a', value: literal('1') },
          {
            op: 'not',
            arg: {
              op: 'and',
              args: [
                { op: 'neq', column: 'b', value: literal('x,y') },
                { op: 'not', arg: { op: 'is-null', column: 'c' } },
              ],
            },
          },
        ],
      },
    ],
    ['not.or=("a.b".eq.1)', { op: 'not', arg: { op: 'or', args: [{ op: 'eq', column: 'a.b', value: literal('1') }] } }],
    ['"or"=eq.1', { op: 'eq', column: 'or', value: literal('1') }],
  ])('%s', (query, filter) => {
    expect(parse(query).filter).toEqual(filter);
  });

  it.each([
    ['select=*', undefined],
    ['select=id,name', ['id', 'name']],
    ['select="a,b", c', ['a,b', 'c']],
  ])('%s', (query, select) => {
    expect(parse(query).select).toEqual(select);
  });

  it.each([
    ['id=1', 'id'],
    ['id=like.*a*', 'id'],
    ['id=eq', 'id'],
    ['id=is.maybe', 'id'],
    ['id=in.1,2', 'id'],
    ['id=in.(1', 'id'],
    ['and=(id.eq.1', 'and'],
    ['or=(id.eq.1))', 'or'],
    ['or=()', 'or'],
    ['or=(id)', 'or'],
    ['limit=5', 'limit'],
    ['select=id::text', 'select'],
    ['select=a(b)', 'select'],
    [`or=${'(and'.repeat(40)}`, 'or'],
  ])('%s is refused, naming %s', (query, place) => {
    expect(() => parse(query)).toThrow(expect.objectContaining({ place }));
  });

  it('never throws anything but a FilterError', () => {
    const fragment = fc.constantFrom('and', 'or', 'not.', '(', ')', ',', '.', '"', '\\', 'eq', 'in', 'is', 'a', '1', 'null');
    fc.assert(
      fc.property(
        fc.constantFrom('and', 'id', 'select'),
        fc.array(fragment).map((parts) => parts.join('')),
        (name, text) => {
          try {
            parseSubscription('s.t', new URLSearchParams([[name, text]]));
          } catch (error) {
            expect(error).toBeInstanceOf(FilterError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
