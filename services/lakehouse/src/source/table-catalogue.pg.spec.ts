import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { TableCatalogue } from './table-catalogue.ts';

let database: TestDatabase;
let pool: pg.Pool;
beforeEach(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

describe('the catalogue', () => {
  it("gives each column's type, a domain's base with its modifier, and the key", async () => {
    await database.client.query(`
      create domain price as numeric(12,3);
      create domain dear as price check (value > 0);
      create type mood as enum ('sad');
      create table "Odd ""name" (id bigint, part smallint, p dear, n numeric, big numeric(50,2), neg numeric(5,-2), m money, b bit(1), bits bit(3), t time, at timestamptz(3),
        stamp timestamp, d date, j jsonb, u uuid, list int[], mood mood, raw bytea, f real, gone text, primary key (part, id));
      alter table "Odd ""name" drop column gone`);
    const { columns, key } = await new TableCatalogue(pool).read('public', 'Odd "name');
    expect(key).toEqual(['id', 'part']);
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toEqual({
      id: 'long',
      part: 'short',
      p: { decimal: { precision: 12, scale: 3 } },
      n: 'string',
      big: 'string',
      neg: 'string',
      m: { decimal: { precision: 19, scale: 2 } },
      b: 'boolean',
      bits: 'string',
      t: 'string',
      at: 'timestamp',
      stamp: 'timestamp_ntz',
      d: 'date',
      j: 'string',
      u: 'string',
      list: 'string',
      mood: 'string',
      raw: 'binary',
      f: 'float',
    });
  });

  it('has no columns for a table that is gone', async () => {
    expect(await new TableCatalogue(pool).read('public', 'gone')).toEqual({ columns: [], key: [] });
  });
});
