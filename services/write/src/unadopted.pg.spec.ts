import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { createTestDatabase, type TestDatabase, testServerUrl, uniqueName } from '#libs/testing/postgres';
import { requireIdentity } from './write-settings.ts';
import { startWriteApp, untilReady, type WriteApp } from './testing/write-app.ts';

const [login, role, anonymous] = [uniqueName('login'), uniqueName('role'), uniqueName('anon')];
let database: TestDatabase;
let url: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.client.query(`
    create role ${login} login noinherit password 'test'; create role ${role} nologin; create role ${anonymous} nologin; grant ${role}, ${anonymous} to ${login};
    create schema app;
    create table app.rows (id integer primary key, note text, who text default current_user, claim text default current_setting('request.jwt.claims', true)::json ->> 'sub');
    grant usage on schema app to ${role}, ${anonymous}; grant all on app.rows to ${role}; grant select (id) on app.rows to ${anonymous}`);
  url = database.urlAs(login, 'test');
});

afterAll(async () => {
  await database.drop();
});

describe('a database that has nothing of ours', () => {
  let service: WriteApp;
  let token: string;
  beforeAll(async () => {
    service = await startWriteApp(url, { REST_SCHEMAS: ['app'], REST_ANON_ROLE: anonymous });
    await untilReady(service.url);
    token = await service.token(role);
  });
  afterAll(() => service.stop());

  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = { authorization: `Bearer ${token}` }): Promise<Response> =>
    fetch(`${service.url}/rest/v1/${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it('is served under its own grants, and stays as it was', async () => {
    const created = await send('POST', 'rows?select=id,who,claim', { id: 1, note: 'a' }, { authorization: `Bearer ${token}`, prefer: 'return=representation' });
    expect([created.status, await created.json(), created.headers.get('lakeloop-audited')]).toEqual([
      201,
      [{ id: 1, who: role, claim: `user-of-${role}` }],
      'false',
    ]);
    const read = await send('GET', 'rows?id=eq.1&select=id');
    expect([read.status, await read.json()]).toEqual([200, [{ id: 1 }]]);
    const tag = { authorization: `Bearer ${token}`, 'if-match': read.headers.get('etag') ?? '' };
    expect((await send('PATCH', 'rows?id=eq.1', { note: 'b' }, tag)).status).toBe(204);
    expect((await send('PATCH', 'rows?id=eq.1', { note: 'c' }, tag)).status).toBe(412);
    const { rows } = await database.client.query("select count(*)::int from pg_namespace where nspname in ('lakeloop', 'audit')");
    expect(rows).toEqual([{ count: 0 }]);
  });

  it('has no record of what agents read, and tells them so', async () => {
    const agent = { authorization: `Bearer ${await service.token(role, { act: { sub: 'bot' } })}` };
    const read = await send('GET', 'rows?select=id', undefined, agent);
    expect([read.status, read.headers.get('lakeloop-audited')]).toEqual([200, 'false']);
    expect((await send('GET', 'rows?select=id')).headers.get('lakeloop-audited')).toBeNull();
  });

  it('has no idempotency keys: 501 with the reason', async () => {
    const reply = await send('POST', 'rows', { id: 2 }, { authorization: `Bearer ${token}`, 'idempotency-key': 'k' });
    expect([reply.status, await reply.json()]).toMatchObject([501, { code: 'PGRST131', hint: expect.stringContaining('lakeloop init') }]);
    expect(await (await send('GET', 'rows?id=eq.2')).json()).toEqual([]);
  });

  it('lets a request without a token be the anonymous role, which must sign in for more', async () => {
    expect(await (await send('GET', 'rows?select=id', undefined, {})).json()).toEqual([{ id: 1 }]);
    const refused = await send('POST', 'rows', { id: 3 }, {});
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('sees a new table at once: by NOTIFY pgrst, or because somebody asked for it', async () => {
    await database.client.query(`create table app.asked (id integer); grant select on app.asked to ${role}`);
    expect((await send('GET', 'asked')).status).toBe(200);
    await database.client.query(`alter table app.asked add column fresh text; notify pgrst`);
    await untilStatus(() => send('GET', 'asked?select=fresh'), 200);
    await database.client.query(`drop table app.asked; notify pgrst, 'reload schema'`);
    await untilStatus(() => send('GET', 'asked'), 404);
  });
});

async function untilStatus(request: () => Promise<Response>, status: number): Promise<void> {
  for (let got = 0; got !== status;) got = (await request()).status;
}

/** Stands between the service and Postgres, so that a test decides whether it is there. */
class Gate {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  async open(): Promise<number> {
    const target = new URL(testServerUrl());
    this.#server = createServer((inner) => {
      const outer = connect(Number(target.port), target.hostname);
      for (const socket of [inner, outer])
        this.#sockets.add(socket.on('error', () => undefined).on('close', () => [inner, outer].forEach((either) => either.destroy())));
      inner.pipe(outer).pipe(inner);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address ? address.port : 0;
    return this.#port;
  }

  async close(): Promise<void> {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server?.listening) await once(this.#server, 'close');
  }
}

describe('a Postgres that is down', () => {
  it('is named by readiness and answered with 503, and the service goes on by itself when it is back', async () => {
    const gate = new Gate();
    const through = new URL(url);
    through.port = String(await gate.open());
    await gate.close();
    const service = await startWriteApp(through.toString(), { REST_SCHEMAS: ['app'] });
    const headers = { authorization: `Bearer ${await service.token(role)}` };
    const ask = (): Promise<Response> => fetch(`${service.url}/rest/v1/rows?select=id`, { headers });
    const health = await fetch(`${service.url}/health/ready`);
    expect([health.status, await health.json()]).toMatchObject([503, { checks: { 'write: postgres': { ready: false } } }]);
    const early = await ask();
    expect([early.status, early.headers.get('retry-after'), await early.json()]).toMatchObject([503, '1', { code: 'PGRST002' }]);

    await gate.open();
    await untilReady(service.url);
    expect((await ask()).status).toBe(200);

    await gate.close();
    const down = await ask();
    expect([down.status, await down.json()]).toMatchObject([503, { code: 'PGRST000' }]);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
    await gate.open();
    await untilStatus(ask, 200);
    await service.stop();
    await gate.close();
  });
});

describe('a service that nobody could sign in to', () => {
  it('refuses to start', () => {
    expect(() => requireIdentity({})).toThrow(/OIDC_ISSUER, JWT_JWKS or REST_ANON_ROLE/);
    expect(() => requireIdentity({ REST_ANON_ROLE: 'web' })).not.toThrow();
  });
});
