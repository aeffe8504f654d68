import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Headers, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { ConsoleModule } from './app.module.ts';
import type { ConsoleConfig } from './console-config.ts';
import { startIssuer } from './testing/issuer.ts';

@Controller('v1/echo')
class EchoController {
  @Get()
  get(@Headers('authorization') authorization?: string): { authorization: string } {
    return { authorization: authorization ?? 'none' };
  }

  @Post()
  post(@Headers('authorization') authorization?: string): { authorization: string } {
    return { authorization: authorization ?? 'none' };
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One browser's cookies, by origin, and its redirects. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = this.#cookies.get(new URL(url).origin) ?? new Map<string, string>();
    this.#cookies.set(new URL(url).origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...(init.headers as Record<string, string>), cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      if (/Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.slice(0, pair.indexOf('=')));
      else jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return response;
  }

  async follow(url: string): Promise<Response> {
    const response = await this.request(url);
    const location = response.headers.get('location');
    return location === null ? response : this.follow(new URL(location, url).href);
  }

  /** A jar with the same cookies now, that later answers do not change. */
  frozen(): Browser {
    const copy = new Browser();
    for (const [origin, jar] of this.#cookies) copy.#cookies.set(origin, new Map(jar));
    return copy;
  }
}

describe('the console', () => {
  let directory: string;
  let app: NestFastifyApplication;
  let url: string;
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  let browser: Browser;
  /** How far the console's clock is ahead, ms. */
  let later = 0;

  async function start(extra: { upstreams?: ConsoleConfig['upstreams'] } = {}): Promise<void> {
    const port = await freePort();
    url = `http://localhost:${port}`;
    issuer = await startIssuer(`${url}/auth/callback`);
    const webRoot = join(directory, 'web');
    await mkdir(join(webRoot, 'assets'), { recursive: true });
    await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Lakeloop</title>');
    await writeFile(join(webRoot, 'assets', 'main.js'), 'export {}');
    const runtime = { ...createServiceRuntime('console', { LOG_LEVEL: 'silent' }), clock: { now: () => Date.now() + later } };
    const config: ConsoleConfig = {
      publicUrl: url,
      issuer: issuer.issuer,
      clientId: 'lakeloop-console',
      scope: 'openid profile',
      roleClaim: 'role',
      sessionKey: { directory },
      webRoot,
      ...(extra.upstreams ? { upstreams: extra.upstreams } : {}),
    };
    @Module({ imports: [ConsoleModule.register({ config, runtime })], controllers: extra.upstreams ? [] : [EchoController] })
    class Root {}
    app = await createHttpApp({ runtime, module: Root });
    await app.listen(port, '127.0.0.1');
    browser = new Browser();
  }
  const signIn = (): Promise<Response> => browser.follow(`${url}/auth/login?returnTo=/exceptions/queue`);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-console-'));
    later = 0;
  });
  afterEach(async () => {
    await app.close();
    await issuer.close();
    await rm(directory, { recursive: true });
  });

  it('signs a person in through the issuer and lends their token to API requests', async () => {
    await start();
    expect(await (await browser.request(`${url}/auth/session`)).json()).toEqual({ user: null, expiresAt: null });
    const landed = await signIn();
    expect(landed.url).toBe(`${url}/exceptions/queue`);
    const session = (await (await browser.request(`${url}/auth/session`)).json()) as { user: unknown };
    expect(session.user).toEqual({ subject: 'analyst', name: 'Ana Lindqvist', role: 'analyst' });
    expect(JSON.stringify(session)).not.toContain('oken');
    expect(await (await browser.request(`${url}/v1/echo`)).json()).toEqual({ authorization: expect.stringMatching(/^Bearer .{20}/) });
    expect(await (await browser.request(`${url}/v1/echo`, { headers: { authorization: 'Bearer own' } })).json()).toEqual({ authorization: 'Bearer own' });
  });

  it('keeps the cookie from scripts and other sites, and its key from other users', async () => {
    await start();
    const response = await browser.request(`${url}/auth/login`);
    expect(response.headers.getSetCookie()[0]).toMatch(/HttpOnly.*SameSite=Lax/i);
    expect((await stat(join(directory, 'console', 'session.key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a write with the cookie from another site, or from nowhere', async () => {
    await start();
    await signIn();
    const post = async (headers: Record<string, string>): Promise<number> => (await browser.request(`${url}/v1/echo`, { method: 'POST', headers })).status;
    expect(await post({ origin: 'http://evil.example' })).toBe(403);
    expect(await post({})).toBe(403);
    expect(await post({ origin: url })).toBe(201);
    expect(await post({ 'sec-fetch-site': 'same-origin' })).toBe(201);
  });

  it('refuses a callback that this browser did not begin, and one with another state', async () => {
    await start();
    expect((await browser.request(`${url}/auth/callback?code=x&state=y`)).headers.get('location')).toBe('/sign-in?failed');
    await browser.request(`${url}/auth/login`);
    expect((await browser.request(`${url}/auth/callback?code=x&state=y`)).headers.get('location')).toBe('/sign-in?failed');
    expect(await (await browser.request(`${url}/auth/session`)).json()).toMatchObject({ user: null });
  });

  it('uses a refresh token once, however many requests come with the old cookie', async () => {
    await start();
    await signIn();
    later = 14 * 60_000;
    const before = browser.frozen();
    const answers = await Promise.all(Array.from({ length: 8 }, () => before.frozen().request(`${url}/auth/session`)));
    for (const answer of answers) expect(await answer.json()).toMatchObject({ user: { subject: 'analyst' } });
    expect(issuer.refreshes()).toBe(1);
    expect((await before.frozen().request(`${url}/v1/echo`)).status).toBe(200);
    expect(issuer.refreshes()).toBe(1);
  });

  it('signs out here and at the issuer', async () => {
    await start();
    await signIn();
    const response = await browser.request(`${url}/auth/logout`);
    expect(response.headers.get('location')).toContain(`${issuer.issuer}/session/end`);
    expect(await (await browser.request(`${url}/auth/session`)).json()).toEqual({ user: null, expiresAt: null });
    expect(await (await browser.request(`${url}/v1/echo`)).json()).toEqual({ authorization: 'none' });
  });

  it('goes on to its public URL when the browser came by another name', async () => {
    await start();
    const response = await fetch(`${url.replace('localhost', '127.0.0.1')}/auth/login?returnTo=/x`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe(`${url}/auth/login?returnTo=%2Fx`);
  });

  it('serves the web app for pages, files as files, and leaves unknown API paths a 404', async () => {
    await start();
    const page = await fetch(`${url}/exceptions/cases/1`);
    expect([page.status, page.headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
    expect(page.headers.get('content-security-policy')).toContain(`script-src 'self'; `);
    expect(page.headers.get('content-security-policy')).toContain(`frame-ancestors 'none'`);
    expect((await fetch(`${url}/assets/main.js`)).headers.get('cache-control')).toContain('immutable');
    for (const path of ['/v1/nothing', '/rest/v1/nothing', '/assets/nothing.js', '/oidc/nothing']) expect((await fetch(url + path)).status).toBe(404);
    const outside = await fetch(`${url}/..%2f..%2fconsole%2fsession.key`);
    expect(await outside.text()).toContain('<title>Lakeloop');
  });

  it('hands requests on to the services of a cluster with the token and without the cookie, streams as they come', async () => {
    const seen: Record<string, unknown>[] = [];
    const finish = Promise.withResolvers<void>();
    const upstream: Server = createServer((request, response) => {
      seen.push({ path: request.url, authorization: request.headers.authorization, cookie: request.headers.cookie });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      void finish.promise.then(() => response.end('data: last\n\n'));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const at = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    await start({ upstreams: { write: 'http://127.0.0.1:1', workflow: at, notification: at, lakehouse: at } });
    await signIn();
    const stream = await browser.request(`${url}/v1/changes/exceptions.flags?state=eq.flagged`);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    // The upstream has not ended: only an unbuffered proxy has anything to read.
    expect((await reader?.read())?.value).toBe('data: first\n\n');
    finish.resolve();
    expect((await reader?.read())?.value).toBe('data: last\n\n');
    expect(seen).toEqual([{ path: '/v1/changes/exceptions.flags?state=eq.flagged', authorization: expect.stringMatching(/^Bearer /), cookie: undefined }]);
    for (const path of ['/v1/lakehouse/tables', '/v1/mirrors']) await (await browser.request(`${url}${path}`)).text();
    expect(seen.slice(1).map(({ path }) => path)).toEqual(['/v1/lakehouse/tables', '/v1/mirrors']);
    const down = await browser.request(`${url}/rest/v1/flags`);
    expect([down.status, (await down.json()) as unknown]).toEqual([503, expect.objectContaining({ detail: 'The write service does not answer.' })]);
    upstream.closeAllConnections();
    upstream.close();
  });
});
