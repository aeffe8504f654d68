import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { itSince } from '#libs/testing/it-since';
import { testMajor } from '#libs/testing/postgres-binaries';
import { CdcHarness, type Event } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
});
afterEach(() => cdc.close());

const brief = ({ op, after, before }: Event): unknown => [op, after?.['id'] ?? before?.['id'] ?? null];

const MERGE = `merge into t using s on t.id = s.id when matched then update set v = s.v when not matched then insert values (s.id, s.v)`;
/** The same to the stream, where there is no MERGE yet. */
const UPSERT = 'insert into t select id, v from s on conflict (id) do update set v = excluded.v';

describe('statements', () => {
  it('publish each row that they write, and nothing that was rolled back', async () => {
    await cdc.sql('create table t (id int primary key, v int); create table s (id int primary key, v int)');
    await cdc.streaming();
    await cdc.sql(`insert into t values (1, 1), (2, 2); copy t from program 'printf "3\\t3\\n4\\t4\\n"'; insert into s values (2, 20), (9, 90);
      insert into t values (1, 10), (5, 5) on conflict (id) do update set v = excluded.v; insert into t values (1, 0) on conflict do nothing;
      ${testMajor() >= 15 ? MERGE : UPSERT}`);
    await cdc.sql('begin; insert into t values (6, 6); rollback');
    await cdc.sql(`begin; insert into t values (7, 7); savepoint a; delete from t; savepoint b; truncate t; rollback to a; commit`);
    expect((await cdc.published('public.t')).map((event) => [event.op, event.after])).toEqual(
      [
        ['c', 1, 1],
        ['c', 2, 2],
        ['c', 3, 3],
        ['c', 4, 4],
        ['u', 1, 10],
        ['c', 5, 5],
        ['u', 2, 20],
        ['c', 9, 90],
        ['c', 7, 7],
      ].map(([op, id, v]) => [op, { id, v }]),
    );
  });

  it('publish a transaction that was prepared when it is committed, and not when it is rolled back', async () => {
    await cdc.sql('create table t (id int primary key)');
    await cdc.streaming();
    const name = cdc.database.name;
    await cdc.sql(`begin; insert into t values (1); prepare transaction '${name}_1'`);
    await cdc.sql(`begin; insert into t values (2); prepare transaction '${name}_2'`);
    await cdc.sql('insert into t values (3)');
    expect((await cdc.published('public.t')).map(brief)).toEqual([['c', 3]]);
    await cdc.sql(`commit prepared '${name}_1'`);
    await cdc.sql(`rollback prepared '${name}_2'`);
    expect((await cdc.published('public.t')).map(brief)).toEqual([
      ['c', 3],
      ['c', 1],
    ]);
  });

  it('publish a truncate that cascades as one event for each table', async () => {
    await cdc.sql('create table parent (id int primary key); create table child (id int primary key references parent)');
    await cdc.streaming();
    await cdc.sql('insert into parent values (1); insert into child values (1); truncate parent restart identity cascade');
    for (const table of ['parent', 'child'])
      expect((await cdc.published(`public.${table}`)).map(brief)).toEqual([
        ['c', 1],
        ['t', null],
      ]);
  });
});

describe('a partitioned table', () => {
  const SQL = `create table parts (id int primary key) partition by range (id); create table low partition of parts for values from (0) to (10);
    create table high partition of parts for values from (10) to (20); create table loose (id int primary key); insert into parts values (1), (11)`;

  it('has a topic for each partition, and those that are attached and detached come and go', async () => {
    await cdc.sql(SQL);
    await cdc.sql('create publication lakeloop for table parts');
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_TABLES: ['public.parts', 'public.low', 'public.high', 'public.marks'] });
    for (const name of ['low', 'high']) await service.snapshot(({ table, state }) => table === name && state === 'completed');
    await cdc.sql(`insert into parts values (2), (12); alter table parts detach partition low; insert into low values (3);
      alter table parts attach partition loose for values from (20) to (30); insert into parts values (21); update parts set id = 13 where id = 12; truncate parts`);
    const ids = async (table: string) => (await cdc.published(`public.${table}`)).filter(({ op }) => op !== null).map(brief);
    expect(await ids('high')).toEqual([
      ['r', 11],
      ['c', 12],
      ['d', 12],
      ['c', 13],
      ['t', null],
    ]);
    expect((await ids('low')).slice(0, 2)).toEqual([
      ['r', 1],
      ['c', 2],
    ]);
    expect(await ids('loose')).toEqual([
      ['c', 21],
      ['t', null],
    ]);
  });

  it('has one topic where the publication says so, and a row that moves between partitions is deleted and created there', async () => {
    await cdc.sql(SQL);
    await cdc.sql('create publication lakeloop for table parts with (publish_via_partition_root = true)');
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await service.snapshot(({ table, state }) => table === 'parts' && state === 'completed');
    await cdc.sql(`insert into parts values (2); update parts set id = 12 where id = 2; alter table parts attach partition loose for values from (20) to (30);
      insert into parts values (21); alter table parts detach partition low; delete from parts where id = 21; truncate parts`);
    expect((await cdc.published('public.parts')).filter(({ op }) => op !== null).map(brief)).toEqual([
      ['r', 1],
      ['r', 11],
      ['c', 2],
      ['d', 2],
      ['c', 12],
      ['c', 21],
      ['d', 21],
      ['t', null],
    ]);
  });
});

describe('rows of a table that is attached', () => {
  const SQL = `create table parts (id int primary key) partition by range (id); create table low partition of parts for values from (0) to (10);
    create table loose (id int primary key); insert into loose values (21), (22)`;

  it('are read by a snapshot of its own', async () => {
    await cdc.sql(SQL);
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_TABLES: ['public.parts', 'public.marks'] });
    await service.snapshot(({ table, state }) => table === 'low' && state === 'completed');
    await cdc.sql('alter table parts attach partition loose for values from (20) to (30)');
    await service.snapshot(({ table, state }) => table === 'loose' && state === 'completed');
    expect((await cdc.published('public.loose')).map(brief)).toEqual([
      ['r', 21],
      ['r', 22],
    ]);
  });

  it('are read from the root when they are asked for, under publish_via_partition_root', async () => {
    await cdc.sql(SQL);
    await cdc.sql('create publication lakeloop for table parts with (publish_via_partition_root = true)');
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_TABLES: ['public.parts', 'public.marks'] });
    await service.snapshot(({ table, state }) => table === 'parts' && state === 'completed');
    await cdc.sql('insert into parts values (1); alter table parts attach partition loose for values from (20) to (30)');
    expect((await cdc.published('public.parts')).map(brief)).toEqual([['c', 1]]);
    await service.service.snapshotter?.request({ schema: 'public', table: 'parts', where: `tableoid = 'public.loose'::regclass`, cause: 'http' });
    await service.snapshot(({ cause, state }) => cause === 'http' && state === 'completed');
    expect((await cdc.published('public.parts')).map(brief)).toEqual([
      ['c', 1],
      ['r', 21],
      ['r', 22],
    ]);
  });
});

describe('generated columns', () => {
  itSince(18).each([
    ['are left out', '', { id: 1, a: 2 }],
    ['are published where the publication says so, the stored ones', 'with (publish_generated_columns = stored)', { id: 1, a: 2, stored: 4 }],
  ])('%s', async (_title, options, row) => {
    await cdc.sql(`create table t (id int primary key, a int, stored int generated always as (a * 2) stored, computed int generated always as (a * 3) virtual);
      insert into t (id, a) values (1, 2); create publication lakeloop for table t ${options}`);
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial' });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await cdc.sql('delete from t; insert into t (id, a) values (1, 2)');
    expect((await cdc.published('public.t')).map(({ op, after }) => [op, after])).toEqual([
      ['r', row],
      ['d', null],
      [null, null],
      ['c', row],
    ]);
  });
});
