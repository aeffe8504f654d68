import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool } from '#libs/postgres/pool';
import { createLogger } from '#libs/runtime/logger';
import { TestPostgres } from '#libs/testing/own-postgres';
import { createTestDatabase } from '#libs/testing/postgres';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { CdcHarness, type RunningCdc } from '../testing/cdc-harness.ts';
import { GatedLog } from '../testing/gated-log.ts';
import { adviseWalLimit } from './slot-watch.ts';

let cdc: CdcHarness;
beforeEach(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create table t (id int primary key, label text)');
});
afterEach(() => cdc.close());

/** Waits on the server until the slot is confirmed up to where its log ends now. */
async function untilConfirmed(harness: CdcHarness): Promise<void> {
  await harness.sql(`do $$ declare now pg_lsn := pg_current_wal_lsn(); begin
    while not exists (select from pg_replication_slots where slot_name = '${harness.slot}' and confirmed_flush_lsn >= now) loop perform pg_sleep(0.005); end loop; end $$`);
}

async function metric(service: RunningCdc, name: string): Promise<number | undefined> {
  const found = (await service.runtime.metrics.getMetricsAsJSON()).find((item) => item.name === `lakeloop_cdc_slot_${name}`);
  return (found?.values[0] as { value: number } | undefined)?.value;
}

describe('a source with nothing to publish', () => {
  it('confirms what another database of the server writes, so that no WAL is held back', async () => {
    await cdc.streaming({ CDC_TABLES: ['public.t'], CDC_HEARTBEAT_MS: 200 });
    const other = await createTestDatabase();
    await other.client.query(`create table x as select n, repeat('x', 1000) as text from generate_series(1, 20000) n`);
    await untilConfirmed(cdc);
    await other.drop();
  });
});

describe('a server that is silent', () => {
  it('is given up when it was not heard of for as long as it promises, and streamed from again when it is back', async () => {
    await cdc.sql(`do $$ begin execute format('alter database %I set wal_sender_timeout = ''1s''', current_database()); end $$`);
    const proxy = await TcpProxy.to(cdc.database.url);
    const service = await cdc.streaming({ DATABASE_URL: proxy.through(cdc.database.url), CDC_HEARTBEAT_MS: 100 });
    proxy.freeze();
    await service.reaches('connecting', /the server was not heard of for 1 s/);
    proxy.thaw();
    await service.reaches('streaming');
    await service.end();
    await proxy.stop();
  });
});

describe('a server without a limit on what a slot may hold back', () => {
  it('is advised to have one, with the statement', async () => {
    const pool = createPool({ connectionString: cdc.database.url, name: 'test', max: 1 });
    const output = new PassThrough();
    await adviseWalLimit(pool, createLogger({ service: 'test', level: 'info', destination: output }));
    await pool.end();
    expect(JSON.parse(String(output.read()))).toMatchObject({ sql: expect.stringContaining('ALTER SYSTEM SET max_slot_wal_keep_size'), level: 40 });
  });
});

describe('a slot that holds WAL back', () => {
  let server: TestPostgres;
  let alone: CdcHarness;
  let log: GatedLog;
  beforeEach(async () => {
    // What other tests write would count.
    server = await TestPostgres.start();
    alone = await CdcHarness.on(server);
    log = new GatedLog(alone.log, (records) => records.some((record) => record.topic === 'test.public.t'));
  });
  afterEach(async () => {
    log.open();
    await alone.close();
    await server.stop();
  });

  it('shows how much and for how long, warns, is not ready beyond the limit, and recovers', async () => {
    await alone.sql('create table t (id int primary key)');
    const service = alone.run({ CDC_SLOT_LAG_WARN_BYTES: 100_000, CDC_SLOT_LAG_MAX_BYTES: 1_000_000 }, log.proxy);
    await service.reaches('streaming');
    await alone.sql('insert into t values (1)');
    await log.reached;
    await service.slot((state) => state?.alarm === 'none');
    expect((await service.runtime.health.report()).ready).toBe(true);
    await alone.sql(`create table filler as select repeat(n::text, 20) as text from generate_series(1, 3000) n`);
    await service.slot((state) => state?.alarm === 'warning' && state.lagSeconds > 0.5);
    expect((await service.runtime.health.report()).ready).toBe(true);
    await alone.sql(`insert into filler select repeat(n::text, 20) from generate_series(1, 30000) n`);
    await service.slot((state) => state?.alarm === 'critical');
    expect(await service.runtime.health.report()).toMatchObject({ ready: false, checks: { cdc: { detail: expect.stringContaining('holds back') } } });
    expect(await metric(service, 'alarm')).toBe(2);
    expect(await metric(service, 'retained_bytes')).toBeGreaterThan(1_000_000);
    expect(await metric(service, 'lag_bytes')).toBeGreaterThan(1_000_000);
    expect(await metric(service, 'lag_seconds')).toBeGreaterThan(0.5);
    log.open();
    await untilConfirmed(alone);
    // The server keeps WAL from its last record of running transactions on: it writes one with each checkpoint.
    await alone.sql('checkpoint');
    await untilConfirmed(alone);
    await alone.sql('checkpoint');
    await service.slot((state) => state?.alarm === 'none' && state.lagSeconds === 0);
    expect((await service.runtime.health.report()).ready).toBe(true);
  });
});
