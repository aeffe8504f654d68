import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { installGovernance } from '../install.ts';
import { leafOf, type LeafEntry } from './leaf.ts';

type Row = LeafEntry & { leaf: Buffer };

const ROWS = `select id, operation, table_schema as schema, table_name as table, schema_version as "schemaVersion", key::text, origin::text, before, after, salt, leaf
  from audit.entry order by id`;

describe('the leaf of an audit entry', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await installGovernance({ adminUrl: database.url, logger: createLogger({ service: 'test', level: 'silent' }) });
    await database.client
      .query(`set timezone = 'UTC'; create table public.items (id int primary key, label text, amount numeric, at timestamptz, raw bytea, tags text[]);
      select lakeloop.adopt('public.items')`);
  });
  afterAll(() => database.drop());

  it('is the same computed here and by the trigger, for inserts, updates, key changes and deletes', async () => {
    await database.client
      .query(`insert into items values (1, E'quote " slash \\\\ \\t ünï', 1.10, '2024-02-29 12:00:00.5+02', '\\x00ff', '{a,NULL,"b c"}'), (2, null, 'NaN', '-infinity', '', '{}');
      update items set label = 'new' where id = 1; update items set id = 3 where id = 2; delete from items where id = 3; truncate items`);
    const { rows } = await database.client.query<Row>(ROWS);
    expect(rows.map(({ operation }) => operation).toSorted()).toEqual(['delete', 'delete', 'insert', 'insert', 'insert', 'truncate', 'truncate', 'update']);
    for (const row of rows) expect(leafOf(row).toString('hex')).toBe(row.leaf.toString('hex'));
  });

  it('covers the transaction and the time by which entries are found', async () => {
    const { rows } = await database.client.query<{ same: boolean }>(
      'select xid::text = origin ->> 0 and extract(epoch from at)::text = origin ->> 1 as same from audit.entry',
    );
    expect(new Set(rows.map(({ same }) => same))).toEqual(new Set([true]));
  });

  it('changes with any part of the entry', async () => {
    const { rows } = await database.client.query<Row>(ROWS);
    const entry = rows[0] as Row;
    const leaf = leafOf(entry).toString('hex');
    const changed = [
      ...(['id', 'operation', 'schema', 'table', 'key', 'origin'] as const).map((part) => ({ ...entry, [part]: 'other' })),
      { ...entry, schemaVersion: entry.schemaVersion + 1 },
      { ...entry, after: entry.after?.toReversed() ?? null },
      { ...entry, before: entry.after },
      { ...entry, salt: Buffer.alloc(16) },
    ];
    for (const other of changed) expect(leafOf(other).toString('hex')).not.toBe(leaf);
  });
});
