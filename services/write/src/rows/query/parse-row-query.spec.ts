import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../api-error.ts';
import { parseRowQuery } from './parse-row-query.ts';

const filter = (column: string, operator: string, value: unknown, more: object = {}): object => ({
  kind: 'filter',
  negated: false,
  field: { column, path: [] },
  operator,
  value,
  ...more,
});
const text = (value: string): object => ({ kind: 'text', text: value });
const encode = (pairs: Record<string, string>): string => new URLSearchParams(pairs).toString();

function refusal(queryString: string): ApiError {
  try {
    parseRowQuery(queryString);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`accepted: ${queryString}`);
}

describe('a row query', () => {
  it('reads filters, negation, quantifiers and lists', () => {
    const { conditions } = parseRowQuery('a=eq.1&b=not.in.(x,"y,)",z)&c=is.not_null&d=like(any).{a*,"b,c"}&e=fts(english).cat');
    expect(conditions).toEqual([
      filter('a', 'eq', text('1')),
      filter('b', 'in', { kind: 'list', items: ['x', 'y,)', 'z'] }, { negated: true }),
      filter('c', 'is', { kind: 'is', word: 'not null' }),
      filter('d', 'like', { kind: 'list', items: ['a*', 'b,c'] }, { quantifier: 'any' }),
      filter('e', 'fts', text('cat'), { language: 'english' }),
    ]);
  });

  it('takes everything after the operator as the value of a top-level filter', () => {
    expect(parseRowQuery('a=eq.x,y).or.(z').conditions).toEqual([filter('a', 'eq', text('x,y).or.(z'))]);
    expect(parseRowQuery('a=eq.').conditions).toEqual([filter('a', 'eq', text(''))]);
    expect(parseRowQuery('a=eq.1+2%2B3').conditions).toEqual([filter('a', 'eq', text('1 2+3'))]);
  });

  it('reads trees of and, or and not', () => {
    const { conditions } = parseRowQuery('or=(a.eq.1,not.and(b.gt.2,"c.d".eq."x,)"),tags.cs.{a,b},and.eq.3)');
    expect(conditions).toEqual([
      {
        kind: 'or',
        negated: false,
        conditions: [
          filter('a', 'eq', text('1')),
          { kind: 'and', negated: true, conditions: [filter('b', 'gt', text('2')), filter('c.d', 'eq', text('x,)'))] },
          filter('tags', 'cs', text('{a,b}')),
          filter('and', 'eq', text('3')),
        ],
      },
    ]);
  });

  it('reads select with aliases, casts and JSON paths', () => {
    expect(parseRowQuery('select="odd \\"name"').select).toEqual([{ field: { column: 'odd "name', path: [] } }]);
    expect(parseRowQuery('select=a,b:c::text,n:data->x->>0').select).toEqual([
      { field: { column: 'a', path: [] } },
      { alias: 'b', field: { column: 'c', path: [] }, cast: 'text' },
      {
        alias: 'n',
        field: {
          column: 'data',
          path: [
            { asText: false, key: 'x' },
            { asText: true, key: 0 },
          ],
        },
      },
    ]);
    expect(parseRowQuery('select=*').select).toBeNull();
    expect(parseRowQuery('').select).toBeNull();
  });

  it('reads order, limit, offset, columns and on_conflict', () => {
    expect(parseRowQuery('order=a.desc.nullslast,b,c.nullsfirst&limit=10&offset=5&columns=a,"b c"&on_conflict=id')).toMatchObject({
      order: [{ field: { column: 'a' }, direction: 'desc', nulls: 'last' }, { field: { column: 'b' } }, { field: { column: 'c' }, nulls: 'first' }],
      limit: 10,
      offset: 5,
      columns: ['a', 'b c'],
      onConflict: ['id'],
    });
  });

  it.each([
    ['a=1', '"failed to parse filter (1)" (line 1, column 1)'],
    ['a=equals.1', '"failed to parse filter (equals.1)" (line 1, column 1)'],
    ['a=eq', '"failed to parse filter (eq)" (line 1, column 3)'],
    ['a=not.1', '"failed to parse filter (not.1)" (line 1, column 5)'],
    ['a=in.1,2', '"failed to parse filter (in.1,2)" (line 1, column 4)'],
    ['a=in.(1,2', '"failed to parse filter (in.(1,2)" (line 1, column 8)'],
    ['a=is.maybe', '"failed to parse filter (is.maybe)" (line 1, column 4)'],
    ['a=gt(some).1', '"failed to parse filter (gt(some).1)" (line 1, column 4)'],
    ['or=a.eq.1', '"failed to parse logic tree (a.eq.1)" (line 1, column 3)'],
    ['or=(a.eq.1,)', '"failed to parse logic tree ((a.eq.1,))" (line 1, column 11)'],
    ['or=(a.eq.1', '"failed to parse logic tree ((a.eq.1)" (line 1, column 10)'],
    ['or=(a.eq.1)x', '"failed to parse logic tree ((a.eq.1)x)" (line 1, column 11)'],
    ['order=a.up', '"failed to parse order (a.up)" (line 1, column 3)'],
    ['order=a,,b', '"failed to parse order (a,,b)" (line 1, column 3)'],
    ['select=a,,b', '"failed to parse select parameter (a,,b)" (line 1, column 3)'],
    ['select=a:', '"failed to parse select parameter (a:)" (line 1, column 3)'],
    ['limit=ten', '"failed to parse limit parameter (ten)" (line 1, column 1)'],
    ['a=eq.%ff', '"failed to parse query string" (line 1, column 3)'],
    ['a=eq.%00', '"failed to parse query string" (line 1, column 3)'],
  ])('refuses %s and names the place', (queryString, message) => {
    const { status, body } = refusal(queryString);
    expect([status, body.code, body.message]).toEqual([400, 'PGRST100', message]);
    expect(body.details).not.toBe('');
  });

  it('refuses a negative limit as a range', () => {
    expect(refusal('limit=-1')).toMatchObject({ status: 416, body: { code: 'PGRST103' } });
  });

  it('reads aggregates with their casts, and related resources with their own parameters', () => {
    expect(parseRowQuery('select=region,count(),n:a::int.sum()::text,count').select).toEqual([
      { field: { column: 'region', path: [] } },
      { field: { column: '*', path: [] }, aggregate: { name: 'count' } },
      { alias: 'n', field: { column: 'a', path: [] }, cast: 'int', aggregate: { name: 'sum', cast: 'text' } },
      { field: { column: 'count', path: [] } },
    ]);
    const { select, embeds, conditions } = parseRowQuery('select=*,s:segment!by_id!inner(name,region(*))&s.name=eq.x&s.limit=2&s.region.order=id&id=gt.1');
    expect([select, conditions.length]).toEqual([null, 1]);
    expect(embeds).toMatchObject([
      {
        relation: 'segment',
        alias: 's',
        hint: 'by_id',
        join: 'inner',
        query: {
          limit: 2,
          select: [{ field: { column: 'name' } }],
          conditions: [{ operator: 'eq' }],
          embeds: [{ relation: 'region', query: { order: [{}] } }],
        },
      },
    ]);
  });

  it('reads spread resources, orders by related fields, and arguments of functions', () => {
    const { embeds, order } = parseRowQuery('select=a,...other(b),third()&order=other(b->c).desc,a');
    expect(embeds).toMatchObject([
      { relation: 'other', spread: true, query: { select: [{ field: { column: 'b' } }] } },
      { relation: 'third', query: { select: [], embeds: [] } },
    ]);
    expect(order).toMatchObject([{ relation: 'other', field: { column: 'b', path: [{ key: 'c' }] }, direction: 'desc' }, { field: { column: 'a' } }]);
    const { args, conditions } = parseRowQuery('x=1&y=eq.2&x=3', { args: true });
    expect([args, conditions.length]).toEqual([
      [
        ['x', '1'],
        ['x', '3'],
      ],
      1,
    ]);
  });

  it('refuses what it does not know by name instead of misreading it', () => {
    expect(refusal('select=...other').body.code).toBe('PGRST100');
    expect(refusal('select=a.median()').body.code).toBe('PGRST100');
    expect(refusal(`select=${'a('.repeat(100)}`).body.code).toBe('PGRST100');
    expect(refusal('other.b=eq.1').body.code).toBe('PGRST108');
  });
  it('refuses nesting beyond its bound without exhausting the stack', () => {
    const deep = `${'and('.repeat(5_000)}a.eq.1${')'.repeat(5_000)}`;
    expect(refusal(`or=(${deep})`).body.details).toContain('64 levels');
  });
});

describe('any query string', () => {
  const fragment = fc.constantFrom(
    'eq.',
    'not.',
    'in.(',
    '"',
    '\\',
    ',',
    ')',
    '(',
    'and',
    'or=',
    '{',
    '}',
    '->>',
    '->',
    '::',
    ':',
    '.',
    '*',
    'select=',
    'order=',
    '&',
    'is.null',
    '%',
    "'",
    ';--',
    '$1',
    '\u{1F600}',
    '\ud83d',
  );
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(fragment, fc.string({ maxLength: 3 }))).map((parts) => parts.join('')),
  );

  it('is parsed or refused with an ApiError, never anything else', () => {
    fc.assert(
      fc.property(anything, (queryString) => {
        try {
          parseRowQuery(queryString);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          expect(error.status).toBeGreaterThanOrEqual(400);
          expect(error.status).toBeLessThan(500);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('gives back every value as it was sent, whatever it holds', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((sent) => !sent.includes('\0'));
    fc.assert(
      fc.property(value, (sent) => expect(parseRowQuery(encode({ a: `eq.${sent}` })).conditions).toEqual([filter('a', 'eq', text(sent))])),
      { numRuns: 1_000 },
    );
  });

  it('gives back every quoted value in a list and in a tree', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((sent) => !sent.includes('\0'));
    const quote = (sent: string): string => `"${sent.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
    fc.assert(
      fc.property(value, value, (one, two) => {
        const parsed = parseRowQuery(encode({ a: `in.(${quote(one)},${quote(two)})`, or: `(${quote(`x${one}`)}.eq.${quote(two)})` }));
        expect(parsed.conditions).toEqual([
          filter('a', 'in', { kind: 'list', items: [one, two] }),
          { kind: 'or', negated: false, conditions: [filter(`x${one}`, 'eq', text(two))] },
        ]);
      }),
      { numRuns: 1_000 },
    );
  });
});
