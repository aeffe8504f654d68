import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { CdcModule } from '../app.module.ts';
import { cdcSettings } from '../cdc-config.ts';
import { CdcHarness } from '../testing/cdc-harness.ts';

const TOKEN = 'a token of the operators';
let cdc: CdcHarness;
let app: NestFastifyApplication;
let completed = Promise.withResolvers<void>();
const runtime = createServiceRuntime('test', { LOG_LEVEL: 'silent' });

async function start(token: string | undefined): Promise<NestFastifyApplication> {
  const streaming = Promise.withResolvers<void>();
  const settings = { DATABASE_URL: cdc.database.url, CDC_SNAPSHOT: 'never', CDC_SLOT: cdc.slot, CDC_TOPIC_PREFIX: cdc.prefix, CDC_ADMIN_TOKEN: token };
  const module = CdcModule.register({
    config: cdcSettings.parse(settings),
    changeLog: cdc.log,
    runtime,
    onState: ({ phase }) => phase === 'streaming' && streaming.resolve(),
    onSnapshot: ({ state }) => state === 'completed' && completed.resolve(),
  });
  const started = await createHttpApp({ runtime, module });
  await streaming.promise;
  return started;
}

beforeAll(async () => {
  cdc = await CdcHarness.create();
  await cdc.sql('create table orders (id int primary key); insert into orders select generate_series(1, 20)');
  await cdc.sql(
    String.raw`create table files (name text, digest bytea, primary key (name, digest)); insert into files values ('a', '\x0102'), ('a', '\xff00'), ('b', '\xff00')`,
  );
  app = await start(TOKEN);
});
afterAll(async () => {
  await runtime.lifecycles.end();
  await app?.close();
  await cdc.close();
});

const call = (method: 'GET' | 'POST', url: string, payload?: object, token = TOKEN) =>
  app.inject({ method, url, headers: { authorization: `Bearer ${token}` }, ...(payload ? { payload } : {}) });

interface Shown {
  id: string;
  state: string;
  percent: number | null;
}

describe('snapshots over HTTP', () => {
  it('are asked for, shown with how far they are, and end', async () => {
    const asked = await call('POST', '/v1/snapshots', { table: 'public.orders', where: 'id > 10' });
    expect([asked.statusCode, asked.json()]).toEqual([202, expect.objectContaining({ state: 'queued', table: 'orders', where: 'id > 10' })]);
    const { id } = asked.json<Shown>();
    await completed.promise;
    const shown = (await call('GET', '/v1/snapshots')).json<{ snapshots: Shown[] }>().snapshots.find((snapshot) => snapshot.id === id);
    expect(shown).toMatchObject({ rows: 10, percent: 100 });
    expect((await call('POST', `/v1/snapshots/${id}/cancel`)).json()).toMatchObject({ state: 'completed' });
  });

  it('take the rows under one key, as the topic has it, whatever it is made of', async () => {
    completed = Promise.withResolvers();
    const asked = await call('POST', '/v1/snapshots', { table: 'public.files', key: '{"name":"a","digest":"/wA="}' });
    expect(asked.statusCode).toBe(202);
    await completed.promise;
    expect((await cdc.published('public.files')).map(({ op, key }) => [op, key])).toEqual([['r', { name: 'a', digest: '/wA=' }]]);
    for (const key of ['{"id":1}', '{"name":"a"}', '[]', '{'])
      expect((await call('POST', '/v1/snapshots', { table: 'public.files', key })).json()).toMatchObject({
        status: 422,
        detail: expect.stringContaining('key'),
      });
  });

  it('are refused with what is wrong', async () => {
    expect((await call('POST', '/v1/snapshots', { table: 'orders' })).json()).toMatchObject({ status: 400, detail: expect.stringContaining('schema.table') });
    expect((await call('POST', '/v1/snapshots', { table: 'public.nothing' })).json()).toMatchObject({
      status: 422,
      detail: expect.stringContaining('public.nothing'),
    });
    expect((await call('POST', '/v1/snapshots', { table: 'public.orders', where: 'nothing = 1' })).json()).toMatchObject({
      status: 422,
      detail: expect.stringContaining('nothing'),
    });
    expect((await call('POST', '/v1/snapshots', { table: 'public.orders', where: '1 = 1); drop table orders; --' })).statusCode).toBe(422);
    expect((await call('POST', '/v1/snapshots/x/pause')).statusCode).toBe(404);
    expect((await call('POST', '/v1/snapshots/x/explode')).statusCode).toBe(404);
    expect((await call('GET', '/v1/snapshots', undefined, 'another')).statusCode).toBe(401);
  });
});
