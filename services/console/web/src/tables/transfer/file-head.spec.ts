import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvRecords, headOf } from './file-head.ts';

describe('the beginning of a CSV file', () => {
  it('is read as the service reads it: quotes, line breaks in fields, nulls', () => {
    const head = headOf('a.csv', '\ufeffid,"na,me"\r\n1,"a ""b"", c\r\nd"\r\n2,\r\n\r\n3,""\n', true);
    expect(head).toEqual({
      format: 'csv',
      names: ['id', 'na,me'],
      problem: undefined,
      rows: [
        ['1', 'a "b", c\r\nd'],
        ['2', null],
        ['3', ''],
      ],
    });
  });

  it('leaves a last line out that may be cut off', () => {
    expect(headOf('a.csv', 'id,name\n1,one\n2,tw', false).rows).toEqual([['1', 'one']]);
    expect(headOf('a.csv', 'id,name\n1,one\n2,"tw', false).rows).toEqual([['1', 'one']]);
    expect(headOf('a.csv', 'id,name\n1,one\n2,tw', true).rows).toHaveLength(2);
  });

  it('says what keeps it from being imported', () => {
    expect(headOf('a.csv', 'id;name\n1;one\n', true).problem).toContain('not separated by commas');
    expect(headOf('a.csv', 'id,name,id\n', true).problem).toContain('“id” twice');
    expect(headOf('a.csv', '', true).problem).toBe('The file is empty.');
  });

  it('reads back whatever is written by the rules', () => {
    const written = (value: string | null): string => (value === null ? '' : `"${value.replaceAll('"', '""')}"`);
    const record = fc.array(fc.option(fc.string()), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (records, newline) => {
        const text = records.map((each) => each.map(written).join(',') + newline).join('');
        expect(csvRecords(text, true)).toEqual(records);
      }),
    );
  });
});

describe('the beginning of a file of JSON objects', () => {
  it('has the members of its first lines as columns', () => {
    const head = headOf('a.ndjson', '{"id": 1, "tags": ["a"]}\n\n{"id": 2, "name": null}\n{"id": 3, "na', false);
    expect(head).toEqual({
      format: 'ndjson',
      names: ['id', 'tags', 'name'],
      problem: undefined,
      rows: [
        ['1', '["a"]', null],
        ['2', null, null],
      ],
    });
  });

  it('is told by its name or by how it begins; an array is none', () => {
    expect(headOf('a.txt', '{"id": 1}', true).format).toBe('ndjson');
    expect(headOf('a.json', '[{"id": 1}]', true).problem).toContain('one JSON array');
    expect(headOf('a.jsonl', 'nonsense\n', true).problem).toContain('Not every line');
  });
});
