import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { MirrorReport } from '#contracts/http/lakehouse';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { LakehouseModule } from './app.module.ts';
import { lakehouseConfig } from './lakehouse-config.ts';
import { mirrorHarness, silentLogger, type MirrorHarness } from './testing/mirror-harness.ts';

const SECRET = new TextEncoder().encode('a-secret-for-tests-of-32-bytes-or-more');
const JWKS = { keys: [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), alg: 'HS256' }] };

interface Served {
  send(method: string, path: string, body?: unknown, role?: string): Promise<{ status: number; body: { detail?: string } & Partial<MirrorReport> }>;
  stop(): Promise<void>;
}

/** The lakehouse service on a real port, with or without an administrator's login. */
async function serve({ database, lakehouse, pool }: MirrorHarness, administered: boolean): Promise<Served> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-mirrors-'));
  const changeLog = await SqliteChangeLog.open({ directory, logger: silentLogger });
  const runtime = createServiceRuntime('lakehouse', { LOG_LEVEL: 'silent' });
  const config = lakehouseConfig({}, { topicPrefix: 'none', stagingDirectory: join(directory, 'staging'), dialect: 'duckdb' });
  const verifier = TokenVerifier.create({ jwks: JWKS });
  const module = LakehouseModule.register({ config, changeLog, lakehouse, pool, verifier, runtime, ...(administered ? { adminUrl: database.url } : {}) });
  const app = await createHttpApp({ runtime, module });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    send: async (method, path, body, role = 'administrator') => {
      const token = await new SignJWT({ role, sub: role }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(SECRET);
      const json = body === undefined ? {} : { body: JSON.stringify(body) };
      const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const reply = await fetch(`${url}/v1/${path}`, { method, headers, ...json });
      return { status: reply.status, body: JSON.parse((await reply.text()) || '{}') as Partial<MirrorReport> };
    },
    stop: async () => {
      await runtime.lifecycles.end();
      await app.close();
      await changeLog.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Both services look after mirrors, and a refresh is told to be current by the commit that ends it, a moment before it lets go: who asks in between is told of
 * a conflict.
 */
async function whenFree<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  let answer = await ask();
  while (answer.status === 409) answer = await ask();
  return answer;
}

describe('/v1/mirrors', () => {
  let harness: MirrorHarness;
  let served: Served;
  let bare: Served;
  beforeAll(async () => {
    harness = await mirrorHarness();
    await harness.lakehouse.ensureTable(
      { schema: 'lake', name: 'plan' },
      {
        columns: [
          { name: 'id', type: 'long' },
          { name: 'share', type: 'double' },
        ],
      },
    );
    served = await serve(harness, true);
    bare = await serve(harness, false);
  });
  afterAll(async () => {
    await served?.stop();
    await bare?.stop();
    await harness?.stop();
  });
  const wanted = { source: 'lake.plan', target: 'app.plan', mode: 'incremental', key: ['ID'] };

  it('makes, refreshes, lists and removes mirrors, with how far each is behind', async () => {
    const made = await served.send('POST', 'mirrors', { ...wanted, target: 'app.whole' });
    expect(made).toMatchObject({ status: 201, body: { source: 'lake.plan', target: 'app.whole', key: ['id'], everyMs: null } });
    for (let state: unknown = 'new'; state !== 'current';)
      state = ((await served.send('GET', 'mirrors')).body as { mirrors: MirrorReport[] }).mirrors[0]?.state;
    await harness.lakehouse.append({ schema: 'lake', name: 'plan' }, { rows: [{ id: 1, share: 0.5 }] });
    const listed = (await served.send('GET', 'mirrors')).body as { mirrors: MirrorReport[] };
    expect(listed.mirrors).toMatchObject([{ version: '0', lakeVersion: '1', versionsBehind: '1', rows: '0', ageSeconds: expect.any(Number) }]);
    const refreshed = await whenFree(() => served.send('POST', `mirrors/${made.body.id}/refresh`));
    expect(refreshed).toMatchObject({ status: 200, body: { state: 'current', version: '1', versionsBehind: '0', rows: '1' } });
    expect((await whenFree(() => served.send('DELETE', `mirrors/${made.body.id}`))).status).toBe(204);
    expect(await harness.rows(`select to_regclass('app.whole') as there`)).toEqual([{ there: null }]);
  });

  it('is for administrators alone', async () => {
    for (const [method, path, body] of [
      ['GET', 'mirrors'],
      ['POST', 'mirrors', wanted],
      ['POST', 'mirrors/1/refresh'],
      ['DELETE', 'mirrors/1'],
    ] as const)
      for (const role of ['analyst', 'auditor']) expect((await served.send(method, path, body, role)).status).toBe(403);
  });

  it('refuses what can not be kept, and says why', async () => {
    const refused = async (change: object): Promise<string> => {
      const { status, body } = await served.send('POST', 'mirrors', { ...wanted, ...change });
      return `${status} ${body.detail}`;
    };
    expect(await refused({ source: 'lake.none' })).toBe('422 the lakehouse has no table lake.none');
    expect(await refused({ key: ['nothing'] })).toMatch(/^422 the key names nothing.*id, share/);
    expect(await refused({ key: ['share'] })).toMatch(/^422 share can not be part of a key/);
    expect(await refused({ key: ['id', 'ID'] })).toMatch(/^422 the key names a column twice/);
    expect(await refused({ target: 'lakeloop.plan' })).toMatch(/^422 schema lakeloop is not for mirrors/);
    expect(await refused({ target: 'audit.plan' })).toMatch(/^422/);
    expect(await refused({ key: [] })).toMatch(/^400/);
    expect(await refused({ mode: 'live' })).toMatch(/^400/);
    expect(await refused({ everyMs: 10 })).toMatch(/^400/);
    expect(await refused({ extra: true })).toMatch(/^400/);
    expect(await refused({ target: 'nodot' })).toMatch(/^400/);
    await harness.database.client.query(
      'create schema if not exists theirs; create table theirs.plan (id int); create schema if not exists app authorization lakeloop_owner',
    );
    expect(await refused({ target: 'theirs.plan' })).toMatch(/^403/);
    await harness.database.client.query('create table app.taken ()');
    expect(await refused({ target: 'app.taken' })).toMatch(/^409 app.taken is there already/);
    expect(await harness.rows('select from lakeloop.mirror')).toEqual([]);
    expect((await served.send('POST', 'mirrors/99/refresh')).status).toBe(404);
    expect((await served.send('DELETE', 'mirrors/99999999999')).status).toBe(404);
    expect((await served.send('DELETE', 'mirrors/x')).status).toBe(400);
  });

  it('answers 501 with the setting that is missing where no administrator’s login was given', async () => {
    expect(await bare.send('POST', 'mirrors', wanted)).toMatchObject({ status: 501, body: { detail: expect.stringContaining('ADMIN_DATABASE_URL') } });
    expect(await bare.send('DELETE', 'mirrors/1')).toMatchObject({ status: 501 });
    expect((await bare.send('GET', 'mirrors')).status).toBe(200);
  });
});
