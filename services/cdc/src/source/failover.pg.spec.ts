import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parseEventId } from '#contracts/topics/event-id';
import { TestPostgres } from '#libs/testing/own-postgres';
import { itSince } from '#libs/testing/it-since';
import { CdcHarness, eventOf } from '../testing/cdc-harness.ts';

let primary: TestPostgres;
let standby: TestPostgres;
let cdc: CdcHarness;
beforeEach(async () => {
  primary = await TestPostgres.start();
  standby = await primary.standby();
  cdc = await CdcHarness.on(primary);
  await cdc.sql('create table t (id int primary key)');
});
afterEach(async () => {
  await cdc.close();
  await standby.stop();
  await primary.stop();
});

async function on<Row extends pg.QueryResultRow>(server: TestPostgres, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The standby has replayed what the primary wrote so far. */
async function replayed(): Promise<void> {
  const [row] = await on<{ lsn: string }>(primary, 'select pg_current_wal_lsn() as lsn');
  await on(standby, `do $$ begin while pg_last_wal_replay_lsn() < '${row?.lsn}' loop perform pg_sleep(0.01); end loop; end $$`);
}

/** The standby has a copy of the slot that outlives a promotion. */
async function synced(): Promise<void> {
  for (;;) {
    await on(primary, 'select pg_log_standby_snapshot()');
    await replayed();
    await on(standby, 'select pg_sync_replication_slots()').catch(() => undefined);
    const rows = await on(standby, `select from pg_replication_slots where slot_name = '${cdc.slot}' and synced and not temporary`);
    if (rows.length === 1) return;
  }
}

async function promote(): Promise<void> {
  await primary.end('immediate');
  await on(standby, 'select pg_promote()');
}

async function delivered(): Promise<{ id: unknown; timeline: number }[]> {
  const events: { id: unknown; timeline: number }[] = [];
  for await (const record of cdc.log.read('test.public.t', 0, 0n)) {
    const event = eventOf(record);
    events.push({ id: event.after?.['id'], timeline: parseEventId(event.id).timeline });
  }
  return events;
}

describe('a slot that standbys do not keep', () => {
  itSince(17)('is switched to it at the next start', async () => {
    await cdc.sql(`select pg_create_logical_replication_slot('${cdc.slot}', 'pgoutput')`);
    const service = await cdc.streaming({ CDC_ADOPT_POSITION: true });
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await service.end();
    expect(await on(primary, `select failover from pg_replication_slots where slot_name = '${cdc.slot}'`)).toEqual([{ failover: true }]);
  });
});

describe('a promoted standby', () => {
  itSince(17)('that has the slot is gone on with, and nothing is lost or repeated', async () => {
    const before = await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await synced();
    // Published, but later than the standby's copy of the slot; and not published at all.
    await cdc.sql('insert into t values (2)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 2);
    await before.end();
    await cdc.sql('insert into t values (3)');
    await replayed();
    const waiting = cdc.run({ DATABASE_URL: standby.url });
    await waiting.reaches('connecting', /the server is a standby: capture waits for its promotion/);
    await promote();
    await waiting.reaches('streaming');
    await on(standby, 'insert into t values (4)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 4);
    expect(await delivered()).toEqual([
      { id: 1, timeline: 1 },
      { id: 2, timeline: 1 },
      { id: 3, timeline: 2 },
      { id: 4, timeline: 2 },
    ]);
    await waiting.end();
  });

  it('that has no slot stops capture', async () => {
    const before = await cdc.streaming();
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await before.end();
    await replayed();
    await promote();
    await expect(cdc.streaming({ DATABASE_URL: standby.url })).rejects.toThrow(/position-lost.*the slot is gone/);
  });

  itSince(17)('that lacks what was published stops capture, and so does the old primary afterwards', async () => {
    const before = await cdc.streaming();
    await synced();
    // Receives nothing any more.
    await standby.restart('fast', { primary_conninfo: '' });
    await cdc.sql('insert into t values (1)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    await before.end();
    await promote();
    await expect(cdc.streaming({ DATABASE_URL: standby.url })).rejects.toThrow(/position-lost.*was published that this server does not have/);
    const adopted = await cdc.streaming({ DATABASE_URL: standby.url, CDC_ADOPT_POSITION: true });
    await on(standby, 'insert into t values (2)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 2);
    expect(await cdc.gaps()).toEqual([expect.objectContaining({ reason: 'other-timeline', timeline: 2 })]);
    await adopted.end();
    await primary.restart();
    await expect(cdc.streaming({ DATABASE_URL: primary.url })).rejects.toThrow(/position-lost.*an old primary/);
  });
});
