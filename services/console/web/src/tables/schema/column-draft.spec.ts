import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COLUMN_TYPES, type ColumnSpec } from '#contracts/http/tables';
import { changeOf, draftOf, EMPTY, lacksOf, nameFrom, specOf } from './column-draft.ts';

const AMOUNT: ColumnSpec = { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0, max: '12345678901234567890.5', required: true, label: 'Amount' };

describe('the form of a column', () => {
  it('says of a column what it was, so that opening it changes nothing', () => {
    const columns: ColumnSpec[] = [
      AMOUNT,
      { name: 'state', type: 'choice', options: ['a', 'b'], default: 'a' },
      { name: 'paid', type: 'boolean', default: false },
      { name: 'customer', type: 'reference', references: { schema: 'app', table: 'customers', column: 'id' } },
      { name: 'place', type: null },
    ];
    for (const column of columns) expect(changeOf(column, draftOf(column))).toEqual({});
    for (const column of columns.slice(0, -1)) expect(specOf(draftOf(column))).toEqual(column);
  });

  it('names what differs, null for what is taken away; a new name is none of it', () => {
    const draft = { ...draftOf(AMOUNT), name: 'sum', min: '', max: '9', required: false, label: '' };
    expect(changeOf(AMOUNT, draft)).toEqual({ min: null, max: 9, required: null, label: null });
  });

  it('takes along what another type does not know', () => {
    expect(changeOf(AMOUNT, { ...draftOf(AMOUNT), type: 'text' })).toEqual({ type: 'text', precision: null, scale: null, min: null, max: null });
    expect(changeOf({ name: 'place', type: null }, { ...draftOf({ name: 'place', type: null }), type: 'json' })).toEqual({ type: 'json' });
  });

  it('keeps every digit of a bound', () => {
    expect(specOf({ ...EMPTY, name: 'n', type: 'integer', min: '9007199254740993', max: '10' })).toMatchObject({ min: '9007199254740993', max: 10 });
  });

  it('says what is missing', () => {
    expect(lacksOf(EMPTY)).toHaveProperty('name');
    expect(lacksOf({ ...EMPTY, name: 'ü'.repeat(40) })).toHaveProperty('name');
    expect(lacksOf({ ...EMPTY, name: 'a', type: 'choice' })).toHaveProperty('options');
    expect(lacksOf({ ...EMPTY, name: 'a', type: 'reference' })).toHaveProperty('target');
    expect(Object.keys(lacksOf({ ...EMPTY, name: 'a', type: 'decimal', min: 'few', default: '1,5', scale: '-1' }))).toEqual(['min', 'default', 'scale']);
    expect(lacksOf({ ...EMPTY, name: 'a', type: 'text', min: 'few' })).toEqual({});
  });

  it('only ever asks for what the type takes', () => {
    const filled = { ...EMPTY, name: 'a', default: '1', min: '1', max: '2', precision: '3', scale: '1', pattern: 'x', options: ['a'], unique: true };
    const type = fc.constantFrom(...COLUMN_TYPES);
    fc.assert(
      fc.property(type, type, (before, after) => {
        const was = specOf({ ...filled, type: before });
        const now = { ...was, ...changeOf(was, { ...draftOf(was), ...filled, type: after }) };
        const kept = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== null));
        expect(kept).toEqual(specOf({ ...filled, type: after }));
      }),
    );
  });

  it('makes names of labels', () => {
    expect([nameFrom('Größe (m²)'), nameFrom('  Order No. '), nameFrom('日付'), nameFrom('…')]).toEqual(['große_m2', 'order_no', '日付', '']);
  });
});
