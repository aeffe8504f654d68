import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { itSince, itUntil } from '#libs/testing/it-since';
import { CdcHarness } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
});
afterEach(() => cdc.close());

const SALT = 'a salt of enough length';
const hashed = (text: string): string => createHmac('sha256', SALT).update(text).digest('hex');

describe('columns', () => {
  it('are left out and masked alike in stream, old rows, and snapshot', async () => {
    await cdc.sql(`create table t (id int primary key, email text, ssn text, secret text, plain int); alter table t replica identity full;
      insert into t values (1, 'a@x', 'no one sees this', 's', 1)`);
    const service = await cdc.streaming({
      CDC_SNAPSHOT: 'initial',
      CDC_COLUMNS_EXCLUDE: ['public.*.secret'],
      CDC_COLUMNS_MASK: ['public.t.email=hash', 'public.t.ssn=text:***'],
      CDC_MASK_SALT: SALT,
    });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await cdc.sql(`update t set email = 'b@x', secret = 'changed' where id = 1; insert into t values (2, null, null, null, 2); delete from t where id = 1`);
    const events = await cdc.published('public.t');
    const first = { id: 1, email: hashed('a@x'), ssn: '***', plain: 1 };
    const second = { ...first, email: hashed('b@x') };
    expect(events.map(({ op, before, after }) => [op, before, after])).toEqual([
      ['r', null, first],
      ['u', first, second],
      ['c', null, { id: 2, email: null, ssn: null, plain: 2 }],
      ['d', second, null],
      [null, null, null],
    ]);
    expect(events.map(({ text }) => text).join()).not.toMatch(/@x|no one sees|changed/);
  });

  it('are those that are included, of a table that an include pattern speaks of', async () => {
    await cdc.sql('create table t (id int primary key, a int, b int); create table other (id int primary key, a int)');
    await cdc.streaming({ CDC_COLUMNS_INCLUDE: ['public.t.id', 'public.t.b'] });
    await cdc.sql('insert into t values (1, 2, 3); insert into other values (1, 2)');
    const events = await cdc.published('public.t', 'public.other');
    expect(events.map(({ after }) => after)).toEqual([
      { id: 1, b: 3 },
      { id: 1, a: 2 },
    ]);
  });

  it.each([
    ['left out', { CDC_COLUMNS_EXCLUDE: ['public.t.id'] }],
    ['masked', { CDC_COLUMNS_MASK: ['public.t.*=text:x'] }],
  ])('of a key are never %s: capture says so at its start', async (_how, settings) => {
    await cdc.sql('create table t (id int primary key, a int)');
    await expect(cdc.run(settings).reaches('streaming')).rejects.toThrow(/public\.t\.id is of its table's key/);
  });
});

describe('tables', () => {
  it('that are excluded stay out, whatever includes them', async () => {
    await cdc.sql('create table kept (id int primary key); create table hidden_a (id int primary key)');
    await cdc.streaming({ CDC_TABLES: ['public.*'], CDC_TABLES_EXCLUDE: ['public.hidden*'] });
    await cdc.sql('insert into kept values (1); insert into hidden_a values (1)');
    expect(await cdc.published('public.kept')).toHaveLength(1);
    expect(await cdc.log.topics(`${cdc.prefix}.public.hidden`)).toEqual([]);
  });

  it('go to the topic that a route names, with their own partition count', async () => {
    await cdc.sql('create table orders_de (id int primary key); create table orders_fr (id int primary key)');
    await cdc.streaming({ CDC_TOPIC_ROUTES: ['public.orders_*=all.orders'], CDC_TABLE_PARTITIONS: ['public.orders_*=3'] });
    await cdc.sql('insert into orders_de values (1); insert into orders_fr values (2)');
    await cdc.published();
    expect(await cdc.log.bounds('all.orders')).toHaveLength(3);
    const found: unknown[] = [];
    for (const partition of [0, 1, 2])
      for await (const { value } of cdc.log.read('all.orders', partition, 0n))
        found.push((JSON.parse(value?.toString() ?? '') as { source: { table: string } }).source.table);
    expect(found.toSorted()).toEqual(['orders_de', 'orders_fr']);
  });
});

describe('rows', () => {
  itUntil(14)('are not filtered by a server that has no row filters, and capture says what needs which version', async () => {
    await cdc.sql('create table t (id int primary key, region text)');
    await expect(cdc.run({ CDC_ROW_FILTERS: { 'public.t': `region = 'EMEA'` } }).reaches('streaming')).rejects.toThrow(/misconfigured.*needs PostgreSQL 15/);
    expect((await cdc.database.client.query('select from pg_replication_slots where slot_name = $1', [cdc.slot])).rowCount).toBe(0);
  });

  itSince(15)(
    'that do not meet a filter are not published, neither from the stream nor by a snapshot, and those that leave or enter it are deletes and creates',
    async () => {
      await cdc.sql(`create table t (id int primary key, region text); alter table t replica identity full; insert into t values (1, 'EMEA'), (2, 'APAC')`);
      const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_ROW_FILTERS: { 'public.t': `region = 'EMEA'` } });
      await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
      await cdc.sql(`insert into t values (3, 'APAC'), (4, 'EMEA'); update t set region = 'APAC' where id = 4; update t set region = 'EMEA' where id = 2`);
      const events = await cdc.published('public.t');
      expect(events.map(({ op, key }) => [op, (key as { id: number }).id])).toEqual([
        ['r', 1],
        ['c', 4],
        ['d', 4],
        [null, 4],
        ['c', 2],
      ]);
    },
  );

  itSince(15)('have a filter changed by a restart, and are read again under the new one', async () => {
    await cdc.sql(`create table t (id int primary key, region text); alter table t replica identity full; insert into t values (1, 'EMEA'), (2, 'APAC')`);
    const first = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_ROW_FILTERS: { 'public.t': `region = 'EMEA'` } });
    await first.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await first.end();
    const second = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_ROW_FILTERS: { 'public.t': `region = 'APAC'` } });
    await second.snapshot(({ table, state, cause }) => table === 't' && state === 'completed' && cause === 'gap');
    const events = await cdc.published('public.t');
    expect(events.map(({ op, after }) => [op, after?.['id']])).toEqual([
      ['r', 1],
      ['r', 2],
    ]);
  });

  itSince(15)('are not filtered by columns outside the replica identity, which would break updates for everybody', async () => {
    await cdc.sql('create table t (id int primary key, region text)');
    await expect(cdc.run({ CDC_ROW_FILTERS: { 'public.t': `region = 'EMEA'` } }).reaches('streaming')).rejects.toThrow(/REPLICA IDENTITY FULL/);
    await cdc.sql(`insert into t values (1, 'a'); update t set region = 'b'`);
  });

  it('are not filtered by what is no condition', async () => {
    await cdc.sql('create table t (id int primary key)');
    const filters = { CDC_ROW_FILTERS: { 'public.t': 'true); drop table t; --' } };
    await expect(cdc.run(filters).reaches('streaming')).rejects.toThrow(/CDC_ROW_FILTERS/);
    await cdc.sql('insert into t values (1)');
  });
});

describe('message keys', () => {
  it('are the columns that are named, and snapshots still tell rows apart by their own key', async () => {
    await cdc.sql(
      `create table t (id int primary key, region text, n int); alter table t replica identity full; insert into t values (1, 'A', 0), (2, 'A', 0)`,
    );
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_MESSAGE_KEYS: 'public.t:region' });
    await service.snapshot(({ table, state }) => table === 't' && state === 'completed');
    await cdc.sql(`update t set n = 1 where id = 1; update t set region = 'B' where id = 1; delete from t where id = 2`);
    const events = await cdc.published('public.t');
    expect(events.map(({ op, key }) => [op, key])).toEqual([
      ['r', { region: 'A' }],
      ['r', { region: 'A' }],
      ['u', { region: 'A' }],
      ['d', { region: 'A' }],
      [null, { region: 'A' }],
      ['c', { region: 'B' }],
      ['d', { region: 'A' }],
      [null, { region: 'A' }],
    ]);
  });
});
