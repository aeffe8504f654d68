import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBlock, writeBlock } from './block.ts';

describe('a block from a spreadsheet', () => {
  it('is rows by line and columns by tab, with or without a last line end', () => {
    expect(readBlock('1\t2\r\n3\t\r\n')).toEqual([
      ['1', '2'],
      ['3', ''],
    ]);
    expect(readBlock('7')).toEqual([['7']]);
    expect(readBlock('')).toEqual([['']]);
  });

  it('keeps tabs, lines and quotes of a quoted cell', () => {
    expect(readBlock('"a\tb\nc ""d"""\t1\n')).toEqual([['a\tb\nc "d"', '1']]);
    expect(readBlock('"open\t1')).toEqual([['"open', '1']]);
  });

  it('is read back as it was written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '1', '\t', '\n', '\r', '"', ',') }).filter((text) => text !== '');
    const block = fc.integer({ min: 1, max: 4 }).chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1 }));
    fc.assert(fc.property(block, (rows) => expect(readBlock(writeBlock(rows))).toEqual(rows)));
  });
});
