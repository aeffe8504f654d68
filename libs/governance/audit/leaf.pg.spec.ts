import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { installGovernance } from '../install.ts';
import { leafOf } from './leaf.ts';

interface Row {
  metadata: (string | null)[];
  id: string;
  operation: string;
  key: string;
  before: (string | null)[] | null;
  after: (string | null)[] | null;
  salt: Buffer;
  leaf: Buffer;
}

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
      update items set label = 'new' where id = 1; update items set id = 3 where id = 2; delete from items where id = 3`);
    const { rows } = await database.client
      .query<Row>(`select array[xid::text, at::text, actor, agent, on_behalf_of, verified::text, login::text, role::text, table_schema::text, table_name::text,
      schema_version::text, policy_version::text, epoch::text, request_id, trace_id, flow, hop::text, reason] as metadata, id::text, operation, key::text, before, after, salt, leaf
      from audit.entry order by id`);
    expect(rows.map(({ operation }) => operation).toSorted()).toEqual(['delete', 'delete', 'insert', 'insert', 'insert', 'update']);
    for (const row of rows) expect(leafOf(row).toString('hex')).toBe(row.leaf.toString('hex'));
  });

  it('changes with any part of the entry', async () => {
    const { rows } = await database.client.query<Row>(
      `select array['x'] as metadata, id::text, operation, key::text, before, after, salt, leaf from audit.entry order by id limit 1`,
    );
    const entry = rows[0] as Row;
    const leaf = leafOf(entry).toString('hex');
    const changed = [
      { ...entry, metadata: ['y'] },
      { ...entry, operation: 'update' },
      { ...entry, key: '{}' },
      { ...entry, after: entry.after?.toReversed() ?? null },
      { ...entry, salt: Buffer.alloc(16) },
    ];
    for (const other of changed) expect(leafOf(other).toString('hex')).not.toBe(leaf);
  });
});
