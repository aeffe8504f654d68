import { describe, expect, it } from '@jest/globals';
import { TABLE } from '../testing/table.fixture.ts';
import { aimInWords, editInWords, examplesInWords, rulesInWords, typeInWords } from './edit-words.ts';

const words = (edit: Record<string, unknown>, reverts: string | null = null): string => editInWords({ edit, reverts }, TABLE);

describe('an edit in words', () => {
  it('says what was done', () => {
    expect(words({ op: 'create', columns: [{}, {}] })).toBe('made the table with 2 columns');
    expect(words({ op: 'add-column', column: { name: 'size', type: 'integer' } })).toBe('added the column size (integer)');
    expect(words({ op: 'add-column', column: { name: 'size', type: 'integer' }, kept: '1_2' }, '7')).toBe(
      'took an edit back: brought back the column size (integer)',
    );
    expect(words({ op: 'change-column', column: 'size', change: { type: 'decimal', required: true, unique: null, max: null, options: ['a'] } })).toBe(
      'changed the column size: type decimal, required, no longer unique and 2 more',
    );
    expect(words({ op: 'something new' })).toBe('something new');
  });

  it('says what one is for that is not done yet', () => {
    expect(aimInWords({ edit: { op: 'change-column', column: 'size', change: { type: 'integer', min: 0 } }, reverts: null })).toBe(
      'Column size: type integer and min 0',
    );
    expect(aimInWords({ edit: { op: 'add-column', column: { name: 'size', type: 'integer' } }, reverts: '7' })).toBe(
      'An edit is taken back. New column size (integer)',
    );
  });

  it('says the rules of a column, and rows by their keys', () => {
    expect(TABLE.columns.map((column) => rulesInWords(column).join('; '))).toEqual([
      '',
      'required',
      'at least 0',
      'required; one of open and paid; else open',
      '',
      'required',
    ]);
    expect(TABLE.columns.map(typeInWords)).toContain('decimal (12, 2)');
    expect(typeInWords({ name: 'place', type: null, sqlType: 'point' })).toBe('point');
    expect(examplesInWords(['{"id" : 2}', '{"place" : "Oslo", "day" : 3}'])).toBe('id 2; place Oslo, day 3');
  });
});
