import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { quoteIdentifier, quoteLiteral } from './identifiers.ts';

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((value) => !value.includes('\0') && value.isWellFormed());

describe('quoting', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('makes any text an identifier or a literal that Postgres reads back unchanged', async () => {
    const samples = [...fc.sample(text, 300), `'; drop table x; --`, '\\', `\\'`, '"', `E'\\x'`, '$$', 'ünïcödé'];
    for (const sample of samples) {
      const identifier = Buffer.byteLength(sample) <= 63 ? sample : 'short';
      const { rows } = await database.client.query<Record<string, string>>(`select ${quoteLiteral(sample)} as ${quoteIdentifier(identifier)}`);
      expect(rows).toEqual([{ [identifier]: sample }]);
    }
  });

  it('refuses what Postgres has no identifier or string for', () => {
    expect(() => quoteIdentifier('')).toThrow(TypeError);
    expect(() => quoteIdentifier('a\0b')).toThrow(TypeError);
    expect(() => quoteLiteral('a\0b')).toThrow(TypeError);
  });
});
