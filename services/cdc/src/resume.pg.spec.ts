import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compareEventIds, parseEventId } from '#contracts/topics/event-id';
import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { arm } from '#libs/runtime/failpoints';
import { GatedLog } from './testing/gated-log.ts';
import { CdcHarness, type Event } from './testing/cdc-harness.ts';

let cdc: CdcHarness;
const disarm: (() => void)[] = [];
beforeEach(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create table t (id int primary key, label text)');
});
afterEach(async () => {
  for (const undo of disarm.splice(0)) undo();
  await cdc.close();
});

/** Fails at the `nth` hit of a failpoint, as if the process died there: what is in memory is gone, nothing more is published. */
function crashAt(name: string, nth: number): void {
  let hits = 0;
  disarm.push(arm(name, () => (++hits === nth ? Promise.reject(new Error('crash')) : undefined)));
}

/** Waits on the server until a condition over the slot holds. */
async function untilSlot(condition: string): Promise<void> {
  await cdc.sql(
    `do $$ begin while not exists (select from pg_replication_slots where slot_name = '${cdc.slot}' and ${condition}) loop perform pg_sleep(0.005); end loop; end $$`,
  );
}

async function one(sql: string): Promise<string> {
  return String(Object.values((await cdc.database.client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]);
}

function expectEverythingOnce(events: readonly Event[], ids: readonly number[]): void {
  const first = new Map(events.toReversed().map((event) => [event.id, event]));
  const inOrder = [...first.values()].toSorted((a, b) => compareEventIds(parseEventId(a.id), parseEventId(b.id)));
  expect(inOrder.map((event) => event.after?.['id'])).toEqual(ids);
  // A repeated delivery is the same event in everything but the time it was handed over.
  for (const event of events) expect(withoutTime(event)).toBe(withoutTime(first.get(event.id) as Event));
  const firsts = [...new Set(events.map((event) => event.id))];
  expect(firsts).toEqual(inOrder.map((event) => event.id));
}

const withoutTime = (event: Event): string => event.text.replace(/"ts_ms":\d+,"transaction"/, '');

describe('after a crash', () => {
  it.each(['cdc.before-publish', 'cdc.after-publish', 'cdc.after-progress', 'cdc.before-acknowledge'])(
    'at %s nothing is lost and repeated events keep their ids',
    async (failpoint) => {
      const first = await cdc.streaming();
      await cdc.sql('insert into t select n from generate_series(1, 10) n');
      await cdc.until('public.t', (event) => event.after?.['id'] === 10);
      crashAt(failpoint, 1);
      for (let id = 11; id <= 30; id += 1) await cdc.sql(`insert into t values (${id})`);
      await expect(first.reaches('streaming', /never/)).rejects.toThrow('crash');
      await first.end();
      await cdc.sql('insert into t values (31)');
      for (const undo of disarm.splice(0)) undo();
      await cdc.streaming();
      expectEverythingOnce(
        await cdc.published('public.t'),
        Array.from({ length: 31 }, (_, index) => index + 1),
      );
    },
  );

  it('in the middle of a large transaction goes on near where it was, with the same ordinals', async () => {
    const rows = 40_000;
    const first = await cdc.streaming();
    let progress = 0;
    disarm.push(arm('cdc.after-progress', () => void (progress += 1)));
    disarm.push(arm('cdc.before-publish', () => (progress >= 3 ? Promise.reject(new Error('crash')) : undefined)));
    await cdc.sql(`insert into t select n, repeat('x', 400) from generate_series(1, ${rows}) n`);
    await expect(first.reaches('streaming', /never/)).rejects.toThrow('crash');
    await first.end();
    for (const undo of disarm.splice(0)) undo();
    const published = Number((await cdc.log.bounds('test.public.t'))[0]?.next);
    await cdc.streaming();
    const events = await cdc.published('public.t');
    expectEverythingOnce(
      events,
      Array.from({ length: rows }, (_, index) => index + 1),
    );
    expect(published).toBeLessThan(rows);
    expect(events.length - rows).toBeLessThan(published / 2);
  });

  it('of its connection the service goes on by itself', async () => {
    await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await cdc.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${cdc.slot}'`);
    await cdc.sql('insert into t values (2)');
    expectEverythingOnce(await cdc.published('public.t'), [1, 2]);
  });
});

describe('a clean stop', () => {
  it('publishes and confirms what it read, so that the next start repeats nothing', async () => {
    const first = await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await first.end();
    await cdc.streaming();
    const events = await cdc.published('public.t');
    expect(events).toHaveLength(1);
  });
});

describe('a first start', () => {
  it('waits for open transactions before it can have a slot, and can be stopped meanwhile and begun again', async () => {
    await cdc.sql('begin; insert into t values (1)');
    const waiting = cdc.run();
    const poll = new pg.Client({ connectionString: cdc.database.url });
    await poll.connect();
    await poll.query(`do $$ begin while not exists (select from pg_stat_activity where datname = current_database() and query like '%pg_create_logical%'
      and wait_event_type = 'Lock') loop perform pg_stat_clear_snapshot(); perform pg_sleep(0.005); end loop; end $$`);
    await poll.end();
    await waiting.end();
    await cdc.sql('commit');
    await cdc.streaming();
    await cdc.sql('insert into t values (2)');
    expect((await cdc.published('public.t')).at(-1)?.after?.['id']).toBe(2);
  });
});

describe('acknowledgement', () => {
  it('never gets ahead of what the log has acknowledged, whatever the server asks', async () => {
    // The server asks for a reply after half of this.
    await cdc.sql(`do $$ begin execute format('alter database %I set wal_sender_timeout = ''600ms''', current_database()); end $$`);
    const log = new GatedLog(cdc.log, (records) => records.some((record) => record.topic === 'test.public.t'));
    const service = cdc.run({}, log.proxy);
    await service.reaches('streaming');
    await cdc.sql('insert into t values (1)');
    await log.reached;
    const commit = await one('select pg_current_wal_lsn()');
    await cdc.sql('insert into t values (2); create table other (id int)');
    await cdc.sql(`do $$ declare since timestamptz := clock_timestamp(); begin
      while not exists (select from pg_stat_replication r join pg_replication_slots s on s.active_pid = r.pid
        where slot_name = '${cdc.slot}' and reply_time > since) loop perform pg_sleep(0.005); perform pg_stat_clear_snapshot(); end loop; end $$`);
    expect(await one(`select confirmed_flush_lsn < '${commit}' from pg_replication_slots where slot_name = '${cdc.slot}'`)).toBe('true');
    log.open();
    await untilSlot(`confirmed_flush_lsn >= '${commit}'`);
  });

  it('waits for progress to be acknowledged', async () => {
    let streaming = false;
    const log = new GatedLog(cdc.log, (records) => streaming && records.some((record) => record.topic === 'test.__progress'));
    const service = cdc.run({}, log.proxy);
    await service.reaches('streaming');
    streaming = true;
    await cdc.sql('insert into t values (1)');
    await log.reached;
    const commit = await one('select pg_current_wal_lsn()');
    expect(await one(`select confirmed_flush_lsn < '${commit}' from pg_replication_slots where slot_name = '${cdc.slot}'`)).toBe('true');
    log.open();
    await untilSlot(`confirmed_flush_lsn >= '${commit}'`);
  });

  it('follows a log that has nothing of ours, so that an idle source holds no WAL back', async () => {
    await cdc.streaming({ CDC_TABLES: ['public.t'] });
    await cdc.sql('create table unpublished (id int); insert into unpublished select generate_series(1, 1000)');
    const now = await one('select pg_current_wal_lsn()');
    await untilSlot(`confirmed_flush_lsn >= '${now}'`);
  });
});

describe('a position that does not fit', () => {
  it('stops when someone else advanced the slot', async () => {
    await (await cdc.streaming()).end();
    await cdc.sql('insert into t values (1)');
    await cdc.sql(`select pg_replication_slot_advance('${cdc.slot}', pg_current_wal_lsn())`);
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*ahead of the published progress/);
    const adopted = await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await cdc.sql('insert into t values (2)');
    expect((await cdc.published('public.t')).map((event) => event.after?.['id'])).toEqual([2]);
    await adopted.end();
  });

  it('stops when the slot is gone', async () => {
    await (await cdc.streaming()).end();
    await cdc.sql(`select pg_drop_replication_slot('${cdc.slot}')`);
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*the slot is gone/);
  });

  it('stops at a slot of unknown progress', async () => {
    await cdc.sql(`select pg_create_logical_replication_slot('${cdc.slot}', 'pgoutput')`);
    await expect(cdc.streaming()).rejects.toThrow(/position-lost.*nothing is known of its progress/);
  });

  it('stops at a slot of another plugin', async () => {
    await cdc.sql(`select pg_create_logical_replication_slot('${cdc.slot}', 'test_decoding')`);
    await expect(cdc.streaming()).rejects.toThrow(/misconfigured.*test_decoding/);
  });
});

describe('two instances', () => {
  it('take turns: one stands by, ready, and takes over without a loss', async () => {
    const leader = await cdc.streaming();
    const standby = cdc.run();
    await standby.reaches('standby');
    expect(await standby.runtime.health.report()).toMatchObject({ ready: true, checks: { cdc: { detail: expect.stringContaining('standby') } } });
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await leader.end();
    await cdc.sql('insert into t values (2)');
    await standby.reaches('streaming');
    expectEverythingOnce(await cdc.published('public.t'), [1, 2]);
  });

  it('a fenced one stops and publishes nothing more', async () => {
    const fenced = await cdc.streaming();
    await cdc.log.openProducer(`cdc:${cdc.slot}`);
    await cdc.sql('insert into t values (1)');
    await expect(fenced.reaches('streaming', /never/)).rejects.toThrow('fenced');
    expect(await cdc.log.bounds('test.public.t')).toEqual([expect.objectContaining({ next: 0n })]);
  });
});

describe('a dependency that is missing', () => {
  it('is named by health while it is waited for, and the service goes on once it is back', async () => {
    let down = true;
    const log = new Proxy(cdc.log, {
      get: (target, name) => {
        if (name === 'ensureTopic' && down) return () => Promise.reject(new Failure('dependency-unavailable', 'the broker is away'));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const service = cdc.run({}, log);
    await service.reaches('connecting', /the broker is away/);
    expect(await service.runtime.health.report()).toMatchObject({ ready: false, checks: { cdc: { detail: 'the broker is away' } } });
    down = false;
    await service.reaches('streaming');
  });
});
