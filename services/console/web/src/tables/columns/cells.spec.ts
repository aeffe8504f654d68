import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnDescription, GridColumn } from './grid-column.ts';
import { gridColumns } from './grid-column.ts';
import { readCell } from './read-cell.ts';
import { type Habits, habitsOf, readDate, readTimestamp } from './read-time.ts';
import { rowJson } from './row-json.ts';
import { plainCell, showCell } from './show-cell.ts';

const HABITS: Habits = { style: '.', order: 'mdy' };
const MAY = { select: true, insert: true, update: true, delete: true, edit: false };

function column(spec: Partial<ColumnDescription> & Pick<ColumnDescription, 'type'>): GridColumn {
  const sqlType =
    { decimal: 'numeric', json: 'jsonb', integer: 'bigint', reference: 'bigint', timestamp: 'timestamp with time zone' }[String(spec.type)] ?? 'text';
  const [found] = gridColumns({
    key: ['id'],
    columns: [{ name: 'c', sqlType, system: false, ...spec }],
    archived: false,
    may: MAY,
  });
  if (!found) throw new TypeError('no column');
  return found;
}

describe('a text in a column', () => {
  it.each([
    ['integer', '1,234', 1234],
    ['integer', '9007199254740993', 9007199254740993n],
    ['number', '.5', 0.5],
    ['decimal', '12345678901234567890.10', '12345678901234567890.10'],
    ['decimal', '(1,000.5)', '-1000.5'],
    ['date', '1/31/2026', '2026-01-31'],
    ['date', '31.1.2026', '2026-01-31'],
    ['boolean', 'Yes', true],
    ['boolean', '0', false],
    ['json', '{"a": 1.10}', '{"a": 1.10}'],
    ['text', ' two  blanks ', ' two  blanks '],
    ['reference', '7', 7],
  ] as const)('is read as the column’s type: %s %s', (type, text, value) => {
    expect(readCell(column({ type }), text, HABITS)).toEqual({ value });
  });

  it.each([
    ['integer', '1.5', /whole/],
    ['decimal', 'twelve', /number/],
    ['decimal', '5%', /number/],
    ['date', '2026-02-30', /date/],
    ['timestamp', 'noon', /time/],
    ['boolean', 'maybe', /yes nor no/],
    ['json', '{a:1}', /JSON/],
    ['uuid', '123', /UUID/],
  ] as const)('is refused in words where it means nothing: %s %s', (type, text, problem) => {
    expect(readCell(column({ type }), text, HABITS)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is held against what validation says and a person can be told at once', () => {
    const amount = column({ type: 'decimal', scale: 2, min: 0, max: 100 });
    expect(readCell(amount, '-1', HABITS)).toEqual({ problem: 'must be at least 0' });
    expect(readCell(amount, '101', HABITS)).toEqual({ problem: 'must be at most 100' });
    expect(readCell(amount, '1.005', HABITS)).toEqual({ problem: 'at most 2 digits behind the point' });
    expect(readCell(amount, '1.500', HABITS)).toEqual({ value: '1.50' });
    const state = column({ type: 'choice', options: ['Open', 'Closed'] });
    expect(readCell(state, 'open', HABITS)).toEqual({ value: 'Open' });
    expect(readCell(state, 'opened', HABITS)).toEqual({ problem: '“opened” is none of Open, Closed' });
    expect(readCell(column({ type: 'multi-choice', options: ['a', 'b'] }), 'B; a, b', HABITS)).toEqual({ value: ['b', 'a'] });
  });

  it('that is empty is nothing, unless the column must have a value', () => {
    expect(readCell(column({ type: 'date' }), ' ', HABITS)).toEqual({ value: null });
    expect(readCell(column({ type: 'text', required: true }), '', HABITS)).toEqual({ problem: 'must not be empty' });
  });
});

describe('dates and times', () => {
  it('are read in the order that the cells themselves tell', () => {
    expect(habitsOf(['1/2/2026', '31/12/2026'], HABITS).order).toBe('dmy');
    expect(habitsOf(['1/2/2026', '12/31/2026'], { ...HABITS, order: 'dmy' }).order).toBe('mdy');
    expect(readDate('3/4/2026', 'dmy')).toBe('2026-04-03');
  });

  it('keep their offset and fraction, and get this browser’s offset where they have none', () => {
    expect(readTimestamp('2026-01-31 14:30:05.123456+02', 'mdy', true)).toBe('2026-01-31T14:30:05.123456+02');
    expect(readTimestamp('1/31/2026, 2:30 PM', 'mdy', false)).toBe('2026-01-31T14:30:00');
    expect(readTimestamp('2026-01-31 25:00', 'mdy', true)).toBeUndefined();
    const local = readTimestamp('2026-07-01 08:00', 'mdy', true) ?? '';
    expect(new Date(local).getTime()).toBe(new Date('2026-07-01T08:00:00').getTime());
  });
});

describe('a value', () => {
  it('is read back from the clipboard as what it was', () => {
    const decimals = fc
      .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.stringMatching(/^\d{1,6}$/))
      .map(([whole, fraction]) => `${whole}.${fraction}`);
    fc.assert(fc.property(decimals, (text) => expect(readCell(column({ type: 'decimal' }), plainCell(text), HABITS)).toEqual({ value: text })));
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => expect(readCell(column({ type: 'integer' }), plainCell(number), HABITS)).toEqual({ value: number })),
    );
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => expect(readCell(column({ type: 'text' }), plainCell(text), HABITS)).toEqual({ value: text })));
  });

  it('is shown with every digit', () => {
    expect(showCell(column({ type: 'decimal' }), '12345678901234567890.10').replaceAll(/[^\d]/g, '')).toBe('1234567890123456789010');
    expect(showCell(column({ type: 'decimal' }), '-0.50')).toMatch(/^-0.50$/);
  });

  it('is sent so that PostgreSQL reads every digit, and JSON as JSON', () => {
    const columns = new Map([
      ['amount', column({ type: 'decimal' })],
      ['data', column({ type: 'json' })],
    ]);
    expect(rowJson(columns, { amount: '0.10', data: '{"a": 1.10}', big: 9007199254740993n, none: null, tags: ['a'] })).toBe(
      '{"amount":"0.10","data":{"a": 1.10},"big":9007199254740993,"none":null,"tags":["a"]}',
    );
  });
});
