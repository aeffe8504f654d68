import { describe, expect, it } from '@jest/globals';
import { exportQuery, isFiltered } from './export-query.ts';
import { bytesInWords } from './in-bytes.ts';
import { forgetImport, isSameFile, keepImport, type StoredImport, storedImport } from './stored-import.ts';

const STORED: StoredImport = { id: 'a', schema: 's.t', table: 'u', fileName: 'f.csv', size: 10, lastModified: 5, startedAt: 1 };

class Place implements Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  readonly #kept = new Map<string, string>();
  getItem = (key: string): string | null => this.#kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#kept.set(key, value);
  removeItem = (key: string): void => void this.#kept.delete(key);
}

describe('an import that is kept over a reload', () => {
  it('is found by its table, whatever that is called, until it is forgotten', () => {
    const place = new Place();
    keepImport(place, STORED);
    expect(storedImport(place, 's.t', 'u')).toEqual(STORED);
    expect(storedImport(place, 's', 't.u')).toBeUndefined();
    forgetImport(place, 's.t', 'u');
    expect(storedImport(place, 's.t', 'u')).toBeUndefined();
  });

  it('is nothing where the browser keeps nothing, or something else', () => {
    const deny = (): never => {
      throw new Error('denied');
    };
    expect(() => keepImport({ getItem: deny, setItem: deny, removeItem: deny }, STORED)).not.toThrow();
    expect(storedImport({ getItem: deny, setItem: deny, removeItem: deny }, 's.t', 'u')).toBeUndefined();
    expect(storedImport({ getItem: () => '[1]', setItem: deny, removeItem: deny }, 's.t', 'u')).toBeUndefined();
  });

  it('goes on with the same file alone', () => {
    expect(isSameFile(STORED, { name: 'f.csv', size: 10, lastModified: 5 })).toBe(true);
    for (const other of [{ name: 'g.csv' }, { size: 11 }, { lastModified: 6 }])
      expect(isSameFile(STORED, { name: 'f.csv', size: 10, lastModified: 5, ...other })).toBe(false);
  });
});

describe('the read that an export is', () => {
  it('has filters and order of the grid, every column that may be seen, and no page', () => {
    const shown = new URLSearchParams({ amount: 'gt.5', order: 'amount.desc', limit: '100', offset: '200', select: 'id' });
    const query = exportQuery({ columns: ['id', 'a "b"\\'].map((name) => ({ name, type: 'text', sqlType: 'text', system: false })) }, shown);
    expect(Object.fromEntries(query)).toEqual({ amount: 'gt.5', order: 'amount.desc', select: 'id,"a \\"b\\"\\\\"' });
    expect([isFiltered(shown), isFiltered(new URLSearchParams({ order: 'id', limit: '1' }))]).toEqual([true, false]);
  });

  it('is told in bytes', () => {
    expect([0, 999, 1_000, 12_345_678, 5e12].map(bytesInWords)).toEqual(['0 B', '999 B', '1 kB', '12.3 MB', '5 TB']);
  });
});
