import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type CdcStatus, cdcStatus } from '#contracts/http/cdc-status';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from '../app.module.ts';
import { cdcSettings } from '../cdc-config.ts';
import type { CdcState } from '../cdc-service.ts';
import { CdcHarness } from '../testing/cdc-harness.ts';

const TOKEN = 'a token of the operators';
let cdc: CdcHarness;
const running: Instance[] = [];

class Instance {
  readonly runtime = createServiceRuntime('test', { LOG_LEVEL: 'silent' });
  #app: NestFastifyApplication | undefined;
  #state: CdcState = { phase: 'connecting', detail: '' };
  #changed = Promise.withResolvers<void>();

  async start(overrides: Record<string, string> = {}): Promise<this> {
    const settings = { DATABASE_URL: cdc.database.url, CDC_SNAPSHOT: 'never', CDC_SLOT: cdc.slot, CDC_TOPIC_PREFIX: cdc.prefix, CDC_ADMIN_TOKEN: TOKEN };
    const onState = (state: CdcState): void => {
      this.#state = state;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    };
    const module = CdcModule.register({ config: cdcSettings.parse({ ...settings, ...overrides }), changeLog: cdc.log, runtime: this.runtime, onState });
    this.#app = await createHttpApp({ runtime: this.runtime, module });
    running.push(this);
    return this;
  }

  async reaches(phase: CdcState['phase']): Promise<void> {
    while (this.#state.phase !== phase) await this.#changed.promise;
  }

  async call(method: 'GET' | 'POST', path: string, token = TOKEN): Promise<{ status: number; body: unknown }> {
    const answer = await this.#app?.inject({ method, url: `/v1/cdc/${path}`, headers: { authorization: `Bearer ${token}` } });
    return { status: answer?.statusCode ?? 0, body: answer?.json() };
  }

  async status(): Promise<CdcStatus> {
    return cdcStatus.parse((await this.call('GET', 'status')).body);
  }

  async end(): Promise<void> {
    await this.runtime.lifecycles.end();
    await this.#app?.close();
  }
}

beforeEach(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create table t (id int primary key, label text)');
});
afterEach(async () => {
  for (const instance of running.splice(0)) await instance.end();
  await cdc.close();
});

const count = async (): Promise<number> => Number((await cdc.log.bounds('test.public.t'))[0]?.next ?? 0n);

describe('the status of capture', () => {
  it('shows what the leader does, and that the other one stands by', async () => {
    const leader = await new Instance().start();
    await leader.reaches('streaming');
    const standby = await new Instance().start();
    await standby.reaches('standby');
    await cdc.sql('insert into t select generate_series(1, 100)');
    await cdc.until('public.t', (event) => event.after?.['id'] === 100);
    while ((await leader.status()).throughput.records < 100) await new Promise((resolve) => setImmediate(resolve));
    const status = await leader.status();
    expect(status).toMatchObject({
      phase: 'streaming',
      leader: true,
      slot: { name: cdc.slot, publication: 'lakeloop', alarm: 'none', safeBytes: null },
      published: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
      tables: ['public.t'],
      lastError: null,
    });
    expect(status.throughput.records).toBeGreaterThanOrEqual(100);
    expect(await standby.status()).toMatchObject({ phase: 'standby', leader: false, published: null, tables: ['public.t'], slot: { name: cdc.slot } });
  });

  it('keeps what went wrong last, with what to do', async () => {
    const instance = await new Instance().start();
    await instance.reaches('streaming');
    await cdc.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${cdc.slot}'`);
    await instance.reaches('connecting');
    await instance.reaches('streaming');
    expect((await instance.status()).lastError).toMatchObject({ kind: 'dependency-unavailable', hint: expect.any(String) });
  });

  it('is for who has the token', async () => {
    const instance = await new Instance().start();
    expect((await instance.call('GET', 'status', 'another')).status).toBe(401);
    expect((await instance.call('POST', 'pause', 'another')).status).toBe(401);
  });
});

describe('a pause', () => {
  it('keeps the slot and reads nothing, over the server taking it for dead, a lost connection and a restart, until it is ended', async () => {
    await cdc.sql(`do $$ begin execute format('alter database %I set wal_sender_timeout = ''1s''', current_database()); end $$`);
    const first = await new Instance().start();
    await first.reaches('streaming');
    await cdc.sql(`insert into t values (1, 'before')`);
    await cdc.until('public.t', (event) => event.after?.['id'] === 1);
    expect(await first.call('POST', 'pause')).toMatchObject({ status: 200, body: { phase: 'paused', leader: true } });
    expect((await first.runtime.health.report()).ready).toBe(true);
    // More than is read ahead, so that the socket is not read either.
    await cdc.sql(`insert into t select n, repeat('x', 1000) from generate_series(2, 5000) n`);
    await cdc.sql('select pg_sleep(2.5)');
    expect(await first.status()).toMatchObject({ phase: 'paused', lastError: null });
    let lost = false;
    void first.reaches('connecting').then(() => (lost = true));
    // Said once, the server may wait for capture to read the reason.
    while (!lost) await cdc.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${cdc.slot}'`);
    await first.reaches('paused');
    await first.end();
    // On a busy machine a second is soon over, and what is under way would come again.
    await cdc.sql(`do $$ begin execute format('alter database %I reset wal_sender_timeout', current_database()); end $$`);
    const second = await new Instance().start();
    await second.reaches('paused');
    expect(await count()).toBe(1);
    expect(await second.call('POST', 'resume')).toMatchObject({ status: 200, body: { phase: 'streaming' } });
    await cdc.until('public.t', (event) => event.after?.['id'] === 5000);
    expect(await count()).toBe(5000);
  });

  it('is refused by an instance that does not hold the slot', async () => {
    const leader = await new Instance().start();
    await leader.reaches('streaming');
    const standby = await new Instance().start();
    await standby.reaches('standby');
    expect(await standby.call('POST', 'pause')).toMatchObject({ status: 503, body: { detail: expect.stringContaining('standby') } });
    expect((await leader.status()).phase).toBe('streaming');
  });
});
