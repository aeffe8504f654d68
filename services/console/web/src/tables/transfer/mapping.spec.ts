import { describe, expect, it } from '@jest/globals';
import { TABLE } from '../testing/table.fixture.ts';
import { guessMapping, lacksOfMapping, mappingBody } from './mapping.ts';
import { refusalInWords } from './refusal-words.ts';
import { refusalsCsv } from './refusals-csv.ts';

describe('what of a file goes where', () => {
  it('is guessed by name and label, each column once, never into what the database keeps', () => {
    expect(guessMapping(['Order-No', 'amount_due', 'AMOUNT', 'updated_at', 'note', 'Nöte', 'junk'], TABLE)).toEqual({
      'Order-No': 'number',
      amount_due: 'amount',
      note: 'note',
    });
  });

  it('lacks what is required and has no default', () => {
    expect(lacksOfMapping({ a: 'amount' }, TABLE)).toEqual(['Order No. is required, and nothing of the file goes there.']);
    expect(lacksOfMapping({ a: 'number' }, TABLE)).toEqual([]);
    expect(lacksOfMapping({ a: 'number', b: 'number' }, TABLE)).toEqual(['number is filled twice.']);
    expect(lacksOfMapping({}, TABLE)).toHaveLength(1);
  });

  it('is sent only where it says something', () => {
    expect(mappingBody({ number: 'number', note: 'note' }, ['number', 'note'])).toBeUndefined();
    expect(mappingBody({ number: 'number' }, ['number', 'note'])).toEqual([{ name: 'number', column: 'number' }]);
    expect(mappingBody({ number: 'number' }, ['number', 'constructor'])).toEqual([{ name: 'number', column: 'number' }]);
    expect(mappingBody({ constructor: 'note' }, ['constructor'])).toEqual([{ name: 'constructor', column: 'note' }]);
  });
});

describe('a refused line', () => {
  it('is told by the columns that have such a rule, else as PostgreSQL says it', () => {
    expect(refusalInWords('new row for relation "orders" violates check constraint "lakeloop:range:4"', TABLE.columns)).toBe(
      'Amount due is out of range (at least 0)',
    );
    expect(refusalInWords('violates check constraint "lakeloop:pattern:4"', TABLE.columns)).toContain('lakeloop:pattern:4');
    const two = [...TABLE.columns, { name: 'kind', type: 'choice' as const, options: ['a'] }];
    expect(refusalInWords('violates check constraint "lakeloop:options:5"', two)).toBe('One of Status and Kind is none of its values');
  });

  it('is written to a file', () => {
    expect(refusalsCsv([{ line: 2, code: '22P02', message: 'not "x"' }])).toBe('line,code,message\r\n2,22P02,"not ""x"""\r\n');
  });
});
