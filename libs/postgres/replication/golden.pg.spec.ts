import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { plain } from '../../pgoutput/encode.fixture.ts';
import { PgoutputDecoder } from '#libs/pgoutput/decoder';
import type { Message } from '#libs/pgoutput/message';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';

/**
 * Records what a real server sends for one fixed story and compares its structure with the committed recording. Positions, times
 * and object ids differ from run to run, the rest must not. `UPDATE_GOLDEN=1` writes the recording anew.
 */
const STORY = `
  create schema s;
  create type s.mood as enum ('sad', 'glad');
  create table s.plain (id int primary key, label text, mood s.mood, big text);
  alter table s.plain alter column big set storage external;
  create table s."Full ""Ünï" (a int, b text, primary key (a));
  alter table s."Full ""Ünï" replica identity full;
  create table s.by_index (x int not null unique, y text);
  alter table s.by_index replica identity using index by_index_x_key;
`;
const CHANGES = [
  `select pg_replication_origin_session_setup($$ORIGIN$$); begin; select pg_replication_origin_xact_setup('1/2', '2020-01-01 00:00:00+00');
   insert into s.plain values (1, 'one', 'glad', repeat('x', 3000)); commit; select pg_replication_origin_session_reset();`,
  `begin; select pg_logical_emit_message(true, 'lakeloop.ctx', '{"actor":"ann"}'); insert into s.plain values (2, null, null, ''); commit;`,
  `select pg_logical_emit_message(false, 'free', 'standing');`,
  `update s.plain set label = 'uno' where id = 1; update s.plain set id = 3 where id = 2; delete from s.plain where id = 3;`,
  `insert into s."Full ""Ünï" values (1, 'ä'), (2, null); update s."Full ""Ünï" set b = 'ö' where a = 1; delete from s."Full ""Ünï" where a = 2;`,
  `insert into s.by_index values (1, 'a'); update s.by_index set x = 2; delete from s.by_index;`,
  `truncate s.plain, s."Full ""Ünï" restart identity cascade;`,
];
const STREAMED = [
  `begin; insert into s.plain select n, 'streamed', 'sad', repeat('y', 200) from generate_series(1000, 1400) n; savepoint a;
   insert into s.plain select n, 'undone', null, repeat('z', 200) from generate_series(2000, 2400) n; rollback to a; delete from s.plain where id = 1000; commit;`,
];

describe('the golden recording', () => {
  let database: TestDatabase;
  const origin = uniqueName('origin');

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.client.query(STORY);
    await database.client.query('create publication golden for all tables');
    await database.client.query('select pg_replication_origin_create($1)', [origin]);
    await database.client.query(`set logical_decoding_work_mem = '64kB'`);
  });
  afterAll(async () => {
    await database.client.query('select pg_replication_origin_drop($1)', [origin]);
    await database.drop();
  });

  it.each([
    { name: 'pgoutput-v1', version: 1, changes: CHANGES },
    { name: 'pgoutput-v2', version: 2, changes: STREAMED },
  ])('has the structure that this server sends ($name)', async ({ name, version, changes }) => {
    const slot = uniqueName('golden');
    await database.client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    for (const sql of changes) await database.client.query(sql.replace('$$ORIGIN$$', `'${origin}'`));
    const streaming = version === 2 ? `, 'streaming', 'true'` : '';
    const { rows } = await database.client.query<{ data: Buffer }>(
      `select data from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', $2, 'publication_names', 'golden', 'messages', 'true'${streaming})`,
      [slot, String(version)],
    );
    const messages = rows.map((row) => row.data.toString('hex'));
    const path = `contracts/golden/${name}.json`;
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, `${JSON.stringify({ protocol: version, messages }, null, 1)}\n`);
    const committed = (JSON.parse(readFileSync(path, 'utf8')) as { messages: string[] }).messages;
    expect(messages.length).toBeGreaterThan(0);
    expect(structure(messages)).toEqual(structure(committed));
  });
});

/** Messages without what differs from run to run. Stream segments are cut by memory use: only the order of their rows is compared. */
function structure(hexMessages: readonly string[]): unknown[] {
  const decoder = new PgoutputDecoder();
  const ids = new Map<number, number>();
  const stable = (id: number): number => ids.get(id) ?? (ids.set(id, ids.size), ids.size - 1);
  const messages = hexMessages.map((hex) => decoder.decode(Buffer.from(hex, 'hex')));
  const streamed = messages.some((message) => message.type === 'stream-start');
  // Of what was rolled back the server sends as much as it had decoded before it noticed.
  const undone = new Set(messages.flatMap((message) => (message.type === 'stream-abort' ? [message.subXid] : [])));
  const isUndone = (message: Message): boolean => 'streamXid' in message && message.streamXid !== null && undone.has(message.streamXid);
  return messages.filter((message) => !streamed || !(message.type.startsWith('stream-st') || isUndone(message))).map((message) => mask(message, stable));
}

const IDS = new Set(['xid', 'subXid', 'streamXid', 'oid', 'relationOid', 'typeOid']);
const POSITIONS = new Set(['commitLsn', 'endLsn', 'lsn', 'commitTime']);

function mask(message: Message, stable: (id: number) => number): unknown {
  return JSON.parse(
    JSON.stringify(plain(message), (key, value: unknown) => {
      if (POSITIONS.has(key)) return 'position';
      if (IDS.has(key) && typeof value === 'number') return stable(value);
      if (key === 'relationOids') return (value as number[]).map(stable);
      if (key === 'name' && message.type === 'origin') return 'origin';
      return value;
    }),
  );
}
