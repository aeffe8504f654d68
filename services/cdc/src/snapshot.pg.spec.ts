import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Failure } from '#libs/failure/failure';
import { arm } from '#libs/runtime/failpoints';
import { CdcHarness, type Event, type RunningCdc } from './testing/cdc-harness.ts';
import { GatedLog } from './testing/gated-log.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
});
afterEach(() => cdc.close());

const SMALL = { CDC_SNAPSHOT: 'initial', CDC_SNAPSHOT_CHUNK_ROWS: 7 } as const;

/** What a consumer has who applies every event in order. */
function rebuilt(events: readonly Event[]): Map<string, unknown> {
  const table = new Map<string, unknown>();
  for (const { op, key, after } of events) {
    if (op === 't') table.clear();
    else if (op === 'd') table.delete(JSON.stringify(key));
    else if (op !== null) table.set(JSON.stringify(key), after);
  }
  return table;
}

async function tableNow(table: string): Promise<Map<string, unknown>> {
  const { rows } = await cdc.database.client.query<{ id: number }>(`select * from ${table}`);
  return new Map(rows.map((row) => [JSON.stringify({ id: row.id }), row]));
}

async function completed(service: RunningCdc, table: string, state: Snapshot['state'] = 'completed'): Promise<Snapshot> {
  return service.snapshot((snapshot) => snapshot.table === table && snapshot.state === state);
}

describe('an initial snapshot', () => {
  it('publishes the rows that were there, as reads, before what changed after them', async () => {
    await cdc.sql(`create table orders (id int primary key, note text); insert into orders select n, 'n' || n from generate_series(1, 20) n`);
    const service = await cdc.streaming(SMALL);
    await completed(service, 'orders');
    await cdc.sql(`update orders set note = 'later' where id = 3`);
    const events = await cdc.published('public.orders');
    expect(events.slice(0, 20).map(({ op, after, source }) => [op, after?.['id'], source?.snapshot])).toEqual(
      Array.from({ length: 20 }, (_, index) => ['r', index + 1, 'incremental']),
    );
    expect(events.slice(20).map(({ op, after }) => [op, after])).toEqual([['u', { id: 3, note: 'later' }]]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(21);
  });

  it('passes through the stream in its order, however long a mark takes', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 20)`);
    const later = Promise.withResolvers<void>();
    const disarm = arm('cdc.snapshot-before-high', () => {
      disarm();
      return later.promise;
    });
    let read = 0;
    const disarmRead = arm('cdc.snapshot-chunk-read', () => {
      read += 1;
      if (read === 2) setImmediate(later.resolve);
    });
    const service = await cdc.streaming(SMALL);
    await completed(service, 'orders');
    disarmRead();
    expect((await cdc.published('public.orders')).map(({ after }) => after?.['id'])).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('leaves a consumer with exactly the table while people write', async () => {
    await cdc.sql(`create table orders (id int primary key, v int); insert into orders select n, 0 from generate_series(1, 150) n`);
    const service = await cdc.streaming(SMALL);
    const writing = new AbortController();
    const done = completed(service, 'orders').then(() => writing.abort());
    for (let turn = 1; !writing.signal.aborted; turn += 1) {
      const id = 1 + ((turn * 37) % 170);
      await cdc.sql(`insert into orders values (${id}, ${turn}) on conflict (id) do update set v = excluded.v`);
      await cdc.sql(`update orders set id = id + 1000 * ${turn} where id = ${1 + ((turn * 91) % 150)}`);
      await cdc.sql(`delete from orders where id = ${1 + ((turn * 53) % 150)}`);
    }
    await done;
    const events = await cdc.published('public.orders');
    expect(rebuilt(events)).toEqual(await tableNow('orders'));
    const reads = events.filter(({ op }) => op === 'r').map(({ key }) => JSON.stringify(key));
    expect(new Set(reads).size).toBe(reads.length);
  });

  it.each([
    ['by key', 'id int primary key', ''],
    ['by block', 'id int, pad text default repeat($$x$$, 7000)', 'alter table orders replica identity full; alter table orders alter pad set storage plain;'],
  ])('ends where the table ended when it began, however fast rows are added: %s', async (_, columns, then) => {
    await cdc.sql(`create table orders (${columns}); ${then} insert into orders select generate_series(1, 1100)`);
    let added = 1_100;
    const disarm = arm('cdc.snapshot-chunk-read', async () => {
      await cdc.sql(`insert into orders select generate_series(${added + 1}, ${added + 1_100})`);
      added += 1_100;
    });
    const service = await cdc.streaming({ CDC_SNAPSHOT: 'initial', CDC_SNAPSHOT_CHUNK_ROWS: 550 });
    await completed(service, 'orders');
    disarm();
    const events = await cdc.published('public.orders');
    expect(events.filter(({ op }) => op === 'r').map(({ after }) => after?.['id'])).toEqual(Array.from({ length: 1_100 }, (__, index) => index + 1));
    expect(new Set(events.map(({ after }) => after?.['id'])).size).toBe(added);
  });

  it('goes on where a kill left it', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 100)`);
    let chunks = 0;
    const killed = Promise.withResolvers<void>();
    const disarm = arm('cdc.snapshot-chunk-durable', () => {
      chunks += 1;
      if (chunks < 8) return;
      killed.resolve();
      return Promise.reject(new Failure('dependency-unavailable', 'killed'));
    });
    const first = await cdc.streaming({ ...SMALL, CDC_SNAPSHOT_PARALLEL: 1 });
    await killed.promise;
    await first.end();
    disarm();
    const second = await cdc.streaming(SMALL);
    await completed(second, 'orders');
    const reads = (await cdc.published('public.orders')).filter(({ op }) => op === 'r');
    expect(new Set(reads.map(({ key }) => JSON.stringify(key))).size).toBe(100);
    // Seven chunks of seven were counted; those in flight come again, no more.
    expect(reads.length).toBeLessThanOrEqual(100 + 3 * 7);
  });

  it('is no further than what is in the log', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 20)`);
    const log = new GatedLog(cdc.log, (records) => records.some(({ topic }) => topic === 'test.public.orders'));
    const advanced: bigint[] = [];
    const disarm = arm('cdc.snapshot-chunk-durable', async () => void advanced.push((await cdc.log.bounds('test.public.orders'))[0]?.next ?? 0n));
    const service = cdc.run(SMALL, log.proxy);
    await log.reached;
    // Longer than a chunk takes that does not wait for the log.
    for (let turn = 0; turn < 20; turn += 1) await cdc.sql('select pg_current_xact_id()');
    expect(advanced).toEqual([]);
    log.open();
    await completed(service, 'orders');
    disarm();
    expect(advanced.every((next, chunk) => next >= BigInt(Math.min(20, 7 * (chunk + 1))))).toBe(true);
    expect(advanced).toHaveLength(3);
  });

  it('reads a table without a key by its blocks', async () => {
    await cdc.sql(`create table log (line text); alter table log replica identity full; insert into log select 'line ' || n from generate_series(1, 50) n`);
    const service = await cdc.streaming({ ...SMALL, CDC_TABLES: ['public.log', 'public.marks'] });
    await completed(service, 'log');
    const events = await cdc.published('public.log');
    expect(events.map(({ op, key, after }) => [op, key, after?.['line']])).toEqual(Array.from({ length: 50 }, (_, index) => ['r', null, `line ${index + 1}`]));
  });

  it('orders by the key as its index has it, whatever the types', async () => {
    await cdc.sql(`create type colour as enum ('red', 'green');
      create table parts (b numeric(10,2), c colour, a text collate "C", "odd ""name" date, note text, primary key (a, c, "odd ""name", b));
      insert into parts select n / 10.0, case when n % 2 = 0 then 'red' else 'green' end::colour, chr(65 + n % 5) || '''"\\', date '2026-01-01' + n, 'x' from generate_series(1, 60) n`);
    const service = await cdc.streaming(SMALL);
    await completed(service, 'parts');
    const reads = await cdc.published('public.parts');
    expect(reads).toHaveLength(60);
    expect(new Set(reads.map(({ key }) => JSON.stringify(key))).size).toBe(60);
  });

  it("orders by an extension's type as its own operators do", async () => {
    await cdc.sql(`create schema extra; create extension citext schema extra;
      create table people (name extra.citext primary key); create table teams (team extra.citext, name extra.citext, n int, primary key (team, n, name));
      insert into people select chr(case when n % 2 = 0 then 65 else 97 end + n % 26) || n from generate_series(1, 60) n;
      insert into teams select case when n % 2 = 0 then 'Red' else 'blue' end, name, n % 7 from people, substring(name from 2) t, cast(t as int) n`);
    const service = await cdc.streaming(SMALL);
    for (const table of ['people', 'teams']) {
      await completed(service, table);
      const reads = await cdc.published(`public.${table}`);
      expect(reads).toHaveLength(60);
      expect(new Set(reads.map(({ key }) => JSON.stringify(key))).size).toBe(60);
    }
  });

  it('keys its rows as the stream does, whatever else the index includes', async () => {
    await cdc.sql(`create table orders (id int, note text, primary key (id) include (note)); insert into orders values (1, 'a')`);
    const service = await cdc.streaming(SMALL);
    await completed(service, 'orders');
    await cdc.sql(`update orders set note = 'b'`);
    expect((await cdc.published('public.orders')).map(({ op, key }) => [op, key])).toEqual([
      ['r', { id: 1 }],
      ['u', { id: 1 }],
    ]);
  });

  it('takes a table that comes later with rows', async () => {
    const service = await cdc.streaming(SMALL);
    await cdc.sql(`begin; create table late (id int primary key); insert into late select generate_series(1, 10); commit`);
    await completed(service, 'late');
    expect(new Set((await cdc.published('public.late')).map(({ key }) => JSON.stringify(key))).size).toBe(10);
  });
});

describe('a snapshot on request', () => {
  it('takes the rows of a condition, and says so when the condition is wrong', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 100)`);
    const service = await cdc.streaming();
    const { snapshotter } = service.service;
    await snapshotter?.request({ schema: 'public', table: 'orders', where: 'id % 10 = 0', cause: 'http' });
    expect(await completed(service, 'orders')).toMatchObject({ rows: 10, where: 'id % 10 = 0' });
    expect((await cdc.published('public.orders')).map(({ after }) => after?.['id'])).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    await expect(snapshotter?.request({ schema: 'public', table: 'orders', where: 'nothing = 1', cause: 'http' })).rejects.toMatchObject({ code: '42703' });
    await expect(snapshotter?.request({ schema: 'public', table: 'nothing', cause: 'http' })).rejects.toMatchObject({ kind: 'invalid-input' });
  });

  it('waits while it is paused, goes on when resumed, and ends when cancelled', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 100)`);
    const service = await cdc.streaming({ CDC_SNAPSHOT_CHUNK_ROWS: 5 });
    const { snapshotter } = service.service;
    const slow = await snapshotter?.request({ schema: 'public', table: 'orders', maxRowsPerSecond: 200, cause: 'http' });
    await service.snapshot(({ id, rows }) => id === slow?.id && rows > 0);
    await snapshotter?.change(slow?.id ?? '', 'paused');
    // Its turn may have come by the time of the answer.
    expect(await snapshotter?.change(slow?.id ?? '', 'queued')).toMatchObject({ state: expect.stringMatching(/^(queued|running)$/) });
    expect(await completed(service, 'orders')).toMatchObject({ id: slow?.id });
    const other = await snapshotter?.request({ schema: 'public', table: 'orders', maxRowsPerSecond: 1, cause: 'http' });
    expect(await snapshotter?.change(other?.id ?? '', 'cancelled')).toMatchObject({ state: 'cancelled', endedAt: expect.any(Number) });
    expect(await snapshotter?.change(other?.id ?? '', 'queued')).toMatchObject({ state: 'cancelled' });
  });

  it('reads a chunk again when the table is truncated under it', async () => {
    await cdc.sql(`create table orders (id int primary key); insert into orders select generate_series(1, 5)`);
    let truncated = false;
    const service = await cdc.streaming();
    const disarm = arm('cdc.snapshot-before-high', async () => {
      if (truncated) return;
      truncated = true;
      await cdc.sql('truncate orders; insert into orders values (7)');
    });
    await service.service.snapshotter?.request({ schema: 'public', table: 'orders', cause: 'http' });
    await completed(service, 'orders');
    disarm();
    expect([...rebuilt(await cdc.published('public.orders')).values()]).toEqual([{ id: 7 }]);
  });
});
