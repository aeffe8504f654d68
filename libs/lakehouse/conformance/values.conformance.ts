import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Lakehouse, LakeTable } from '../lakehouse.ts';
import { ndjson, plain } from './rows.conformance.ts';

const columns: LakeColumn[] = [
  { name: 'id', type: 'long', nullable: false },
  { name: 'label', type: 'string' },
];

/** Every type's values, to the table and back. */
export function describeValues(at: () => { lake: Lakehouse; table: LakeTable; directory: string }, all: () => Promise<LakeValue[][]>): void {
  describe('values', () => {
    const every: LakeColumn[] = [
      { name: 'id', type: 'integer' },
      { name: 's', type: 'string' },
      { name: 'l', type: 'long' },
      { name: 'i', type: 'integer' },
      { name: 'h', type: 'short' },
      { name: 'b', type: 'byte' },
      { name: 'f', type: 'float' },
      { name: 'd', type: 'double' },
      { name: 'o', type: 'boolean' },
      { name: 'x', type: 'binary' },
      { name: 'dt', type: 'date' },
      { name: 'ts', type: 'timestamp' },
      { name: 'tn', type: 'timestamp_ntz' },
      { name: 'n', type: { decimal: { precision: 38, scale: 10 } } },
    ];
    const rows: LakeValue[][] = [
      [
        1,
        '',
        2n ** 63n - 1n,
        2147483647,
        32767,
        127,
        1.5,
        0.1,
        true,
        Buffer.from([0, 255]),
        '2024-02-29',
        '2024-02-29T23:59:59.999999Z',
        '2024-02-29T23:59:59.000001',
        '-1234567890123456789012345678.0123456789',
      ],
      [
        2,
        'quote\' "double" \\ \n 漢字 🙂',
        -(2n ** 63n),
        -2147483648,
        -32768,
        -128,
        Infinity,
        NaN,
        false,
        Buffer.from(''),
        '0001-01-01',
        '1969-12-31T23:59:59.999999Z',
        '1900-01-01T00:00:00.000000',
        '0.0000000001',
      ],
      [3, null, null, null, null, null, -Infinity, -Infinity, null, null, '9999-12-31', '2038-01-19T03:14:08.000000Z', null, '-0.0000000001'],
    ];
    const asObjects = rows.map((row) => Object.fromEntries(every.map((column, index) => [column.name, row[index] ?? null])));

    it('come back as they were given, in objects', async () => {
      await at().lake.ensureTable(at().table, { columns: every });
      expect(await at().lake.append(at().table, { rows: asObjects })).toMatchObject({ applied: true, rows: 3n });
      expect(plain(await all())).toEqual(plain(rows));
      expect((await at().lake.describe(at().table))?.columns.map(({ type }) => type)).toEqual(every.map(({ type }) => type));
    });

    it('come back as they were given, in NDJSON', async () => {
      await at().lake.ensureTable(at().table, { columns: every });
      const path = join(at().directory, 'every.ndjson');
      await writeFile(path, asObjects.map((row) => `${ndjson(row)}\n`).join(''));
      await at().lake.append(at().table, { ndjson: [path] });
      expect(plain(await all())).toEqual(plain(rows));
    });

    it('that a batch lacks are null, names matching whatever their case', async () => {
      await at().lake.ensureTable(at().table, { columns });
      await at().lake.append(at().table, { rows: [{ ID: 1n }] });
      expect(await all()).toEqual([[1n, null]]);
    });

    it('of the wrong type, or null where none may be, or of no column, leave nothing', async () => {
      await at().lake.ensureTable(at().table, { columns });
      await expect(at().lake.append(at().table, { rows: [{ id: 1n }, { id: 'x' }] })).rejects.toMatchObject({ kind: 'invalid-input' });
      await expect(at().lake.append(at().table, { rows: [{ label: 'no id' }] })).rejects.toMatchObject({ kind: 'invalid-input' });
      await expect(at().lake.append(at().table, { rows: [{ id: 1n, stray: 'x' }] })).rejects.toMatchObject({ kind: 'invalid-input' });
      expect(await all()).toEqual([]);
    });
  });
}
