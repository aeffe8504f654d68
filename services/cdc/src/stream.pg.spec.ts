import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changeValue } from '#contracts/topics/change-event';
import { parseEventId } from '#contracts/topics/event-id';
import { CdcHarness, type Event } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
});
afterEach(() => cdc.close());

const brief = (event: Event): unknown[] => [event.op, event.key, event.before, event.after];
const ordinals = (events: readonly Event[]): number[] => events.map((event) => parseEventId(event.id).ordinal);

describe('the stream of changes', () => {
  it('publishes inserts, updates and deletes with key, images and a tombstone', async () => {
    await cdc.sql('create table t (id bigint primary key, label text); alter table t replica identity full');
    await cdc.streaming();
    await cdc.sql(`insert into t values (9007199254740993, 'a'); update t set label = 'b'; update t set label = label; delete from t`);
    const id = 9007199254740993n;
    expect((await cdc.published('public.t')).map(brief)).toEqual([
      ['c', { id }, null, { id, label: 'a' }],
      ['u', { id }, { id, label: 'a' }, { id, label: 'b' }],
      ['u', { id }, { id, label: 'b' }, { id, label: 'b' }],
      ['d', { id }, { id, label: 'b' }, null],
      [null, { id }, null, null],
    ]);
  });

  it('says nothing of a column that is being made, nor of rows that are only written anew for it', async () => {
    await cdc.sql('create table t (id int primary key, a text); alter table t replica identity full');
    await cdc.streaming();
    await cdc.sql(`insert into t values (1, '10'), (2, null); alter table t add column "lakeloop:new:7" int`);
    await cdc.sql(`update t set "lakeloop:new:7" = a::int where id = 1; update t set a = '11', "lakeloop:new:7" = 11 where id = 1; update t set a = a`);
    await cdc.sql(
      `insert into t values (3, '12', 12); alter table t drop column a; alter table t rename column "lakeloop:new:7" to a; update t set a = 13 where id = 3`,
    );
    const rows = (await cdc.published('public.t')).map(({ op, before, after }) => [op, before, after]);
    expect(rows).toEqual([
      ['c', null, { id: 1, a: '10' }],
      ['c', null, { id: 2, a: null }],
      ['u', { id: 1, a: '10' }, { id: 1, a: '11' }],
      ['u', { id: 2, a: null }, { id: 2, a: null }],
      ['u', { id: 1, a: '11' }, { id: 1, a: '11' }],
      ['c', null, { id: 3, a: '12' }],
      ['u', { id: 3, a: 12 }, { id: 3, a: 13 }],
    ]);
  });

  it('has made the topics of published tables before their first event', async () => {
    await cdc.sql('create table early (id int primary key)');
    await cdc.streaming();
    while ((await cdc.log.topics(`${cdc.prefix}.public.early`)).length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await cdc.log.bounds(`${cdc.prefix}.public.early`)).toMatchObject([{ partition: 0, earliest: 0n, next: 0n }]);
  });

  it('fills the envelope as the contract says', async () => {
    await cdc.sql('create schema "Odd ""schéma"; create table "Odd ""schéma"."T.1 \\x" ("a ""b" int primary key)');
    await cdc.streaming();
    await cdc.sql('insert into "Odd ""schéma"."T.1 \\x" values (1)');
    const [event] = await cdc.published('Odd__sch_ma.T.1__x');
    const value = changeValue.parse(JSON.parse(event?.text ?? ''));
    expect(value.source).toMatchObject({
      connector: 'postgresql',
      name: 'test',
      snapshot: 'false',
      db: cdc.database.name,
      schema: 'Odd "schéma',
      table: 'T.1 \\x',
      xmin: null,
    });
    expect(value.after).toEqual({ 'a "b': 1 });
    expect(Math.abs(value.source.ts_ms - Date.now())).toBeLessThan(60_000);
    expect(value.source.ts_us / 1000).toBeCloseTo(value.source.ts_ms, -1);
    expect(JSON.parse(value.source.sequence)).toEqual([null, String(value.source.lsn)]);
  });

  it('orders the changes of a transaction over its tables, and leaves out what was rolled back', async () => {
    await cdc.sql('create table a (id int primary key); create table b (id int primary key); create table hidden (id int)');
    await cdc.streaming();
    await cdc.sql(`begin; insert into a values (1); insert into b values (1); savepoint s; insert into a values (2); rollback to s;
      insert into a values (3); savepoint s2; insert into b values (4); release s2; commit; begin; insert into a values (9); rollback`);
    const [a, b] = [await cdc.published('public.a'), await cdc.published('public.b')];
    expect(a.map((event) => event.after)).toEqual([{ id: 1 }, { id: 3 }]);
    expect(b.map((event) => event.after)).toEqual([{ id: 1 }, { id: 4 }]);
    expect([...ordinals(a), ...ordinals(b)].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3]);
    expect(ordinals(a)).toEqual([0, 2]);
    expect(new Set([...a, ...b].map((event) => parseEventId(event.id).commitLsn)).size).toBe(1);
  });

  it('publishes interleaved transactions in commit order', async () => {
    await cdc.sql('create table t (id int primary key)');
    await cdc.streaming();
    await cdc.sql('create extension dblink');
    await cdc.sql(`begin; insert into t values (1);
      select dblink_exec('host=127.0.0.1 password=test port=' || current_setting('port') || ' user=postgres dbname=' || current_database(), 'insert into t values (2)'); commit`);
    expect((await cdc.published('public.t')).map((event) => event.after)).toEqual([{ id: 2 }, { id: 1 }]);
  });

  it('turns a key change into delete, tombstone and create with ids of their own and the keys as headers', async () => {
    await cdc.sql(`create table t (id int primary key, label text, big text); alter table t alter big set storage external;
      create table f (id int primary key, label text); alter table f replica identity full`);
    await cdc.streaming();
    await cdc.sql(`insert into t values (1, 'x', repeat('y', 4000)); insert into f values (1, 'x')`);
    await cdc.sql('begin; update t set id = 2; insert into t values (5); commit; update f set id = 2');
    const [, deleted, tombstone, created, next] = await cdc.published('public.t');
    expect(brief(deleted as Event)).toEqual(['d', { id: 1 }, { id: 1, label: null, big: null }, null]);
    expect(tombstone).toMatchObject({ op: null, key: { id: 1 }, headers: { '__debezium.newkey': '{"id":2}' } });
    expect(brief(created as Event)).toEqual(['c', { id: 2 }, null, { id: 2, label: 'x', big: '__debezium_unavailable_value' }]);
    expect(deleted?.headers['__debezium.newkey']).toBe('{"id":2}');
    expect(created?.headers['__debezium.oldkey']).toBe('{"id":1}');
    expect(ordinals([deleted as Event, tombstone as Event, created as Event, next as Event])).toEqual([0, 0, 1, 2]);
    const full = await cdc.published('public.f');
    expect(full.map((event) => event.op)).toEqual(['c', 'd', null, 'c']);
    expect(full[1]?.before).toEqual({ id: 1, label: 'x' });
  });

  it('keys by the primary key, by the index of the replica identity, or not at all', async () => {
    await cdc.sql(`create table composite (b int, v text, a text, primary key (a, b));
      create table by_index (id int primary key, code text not null unique); alter table by_index replica identity using index by_index_code_key;
      create table keyless (v int); alter table keyless replica identity full;
      create table included (id int, extra int, constraint pk primary key (id) include (extra)); alter table included replica identity full`);
    await cdc.streaming();
    await cdc.sql(`insert into composite values (1, 'v', 'k'); insert into by_index values (1, 'c'); delete from by_index;
      insert into keyless values (1); delete from keyless; insert into included values (1, 2)`);
    expect((await cdc.published('public.composite'))[0]?.key).toEqual({ b: 1, a: 'k' });
    expect((await cdc.published('public.by_index')).map((event) => [event.op, event.key])).toEqual([
      ['c', { code: 'c' }],
      ['d', { code: 'c' }],
      [null, { code: 'c' }],
    ]);
    expect((await cdc.published('public.keyless')).map((event) => [event.op, event.key])).toEqual([
      ['c', null],
      ['d', null],
    ]);
    expect((await cdc.published('public.included'))[0]?.key).toEqual({ id: 1 });
  });

  it('marks TOASTed values that an update left alone, and takes them from the old row where it was sent', async () => {
    const columns = `id int primary key, n int, t text, j jsonb, b bytea, a text[]`;
    const big = `repeat('x', 5000), to_jsonb(repeat('y', 5000)), convert_to(repeat('z', 5000), 'UTF8'), array[repeat('w', 5000)]`;
    for (const table of ['plain', 'complete']) {
      await cdc.sql(`create table ${table} (${columns})`);
      for (const column of ['t', 'j', 'b', 'a']) await cdc.sql(`alter table ${table} alter ${column} set storage external`);
    }
    await cdc.sql('alter table complete replica identity full');
    await cdc.streaming();
    for (const table of ['plain', 'complete']) await cdc.sql(`insert into ${table} values (1, 1, ${big}); update ${table} set n = 2`);
    const absent = '__debezium_unavailable_value';
    const [, plain] = await cdc.published('public.plain');
    expect(plain?.after).toEqual({ id: 1, n: 2, t: absent, j: absent, b: absent, a: absent });
    const [created, complete] = await cdc.published('public.complete');
    expect(complete?.after).toEqual({ ...created?.after, n: 2 });
    expect(complete?.before).toEqual(created?.after);
  });

  it('publishes a truncate as one event per table', async () => {
    await cdc.sql('create table a (id int primary key); create table b (id int primary key)');
    await cdc.streaming();
    await cdc.sql('begin; truncate a, b; insert into a values (1); commit');
    const [a, b] = [await cdc.published('public.a'), await cdc.published('public.b')];
    expect(brief(a[0] as Event)).toEqual(['t', null, null, null]);
    expect(brief(b[0] as Event)).toEqual(['t', null, null, null]);
    expect([...ordinals(a), ...ordinals(b)].toSorted((one, other) => one - other)).toEqual([0, 1, 2]);
  });

  it('gives each change the context emitted last before it in its transaction', async () => {
    await cdc.sql('create table t (id int primary key)');
    await cdc.streaming();
    const first = JSON.stringify({ actor: 'ann', requestId: 'r1', traceparent: '00-a-b-01', hop: 0, reason: 'why', other: 'no' });
    const second = JSON.stringify({ actor: 'flow:x', flow: 'x', hop: 1, agent: 'bot', onBehalfOf: 'ann', requestId: 'r2', traceparent: 'tp2' });
    await cdc.sql(`begin; insert into t values (0); select pg_logical_emit_message(true, 'lakeloop.ctx', '${first}'); insert into t values (1), (2);
      select pg_logical_emit_message(true, 'other', '{}'); select pg_logical_emit_message(true, 'lakeloop.ctx', '${second}'); insert into t values (3);
      select pg_logical_emit_message(true, 'lakeloop.ctx', 'not json'); insert into t values (4); commit; insert into t values (5)`);
    const contexts = (await cdc.published('public.t')).map(({ headers: { id: _id, ...rest } }) => rest);
    const one = { actor: 'ann', requestId: 'r1', traceparent: '00-a-b-01', hop: '0', reason: 'why' };
    const two = { actor: 'flow:x', flow: 'x', hop: '1', agent: 'bot', onBehalfOf: 'ann', requestId: 'r2', traceparent: 'tp2' };
    expect(contexts).toEqual([{}, one, one, two, {}, {}]);
  });

  it('describes each event by the schema it was written under', async () => {
    await cdc.sql('create table t (id int primary key, a int)');
    await cdc.streaming();
    await cdc.sql(`insert into t values (1, 1); alter table t add b text default 'x'; insert into t values (2, 2, 'y');
      alter table t drop a; insert into t values (3, 'z'); alter table t rename b to c; insert into t values (4, 'w')`);
    expect((await cdc.published('public.t')).map((event) => event.after)).toEqual([
      { id: 1, a: 1 },
      { id: 2, a: 2, b: 'y' },
      { id: 3, b: 'z' },
      { id: 4, c: 'w' },
    ]);
  });
});
