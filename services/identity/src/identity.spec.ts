import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { refresh, signIn } from './testing/sign-in.ts';
import type { AccountsFile } from './accounts.ts';
import { IdentityModule } from './app.module.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(dataDirectory: string, port: number): Promise<NestFastifyApplication> {
  const runtime = createServiceRuntime('identity', { LOG_LEVEL: 'silent' });
  const config = { publicUrl: `http://localhost:${port}`, dataDirectory };
  const app = await createHttpApp({ runtime, module: IdentityModule.register({ config, runtime }) });
  await app.listen(port, '127.0.0.1');
  return app;
}

/** A request with any Host header, which fetch forbids. */
function statusOf(port: number, path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject).end();
  });
}

describe('the built-in identity provider', () => {
  let directory: string;
  let app: NestFastifyApplication;
  let port: number;
  let issuer: string;
  let accounts: AccountsFile['accounts'];
  const password = (username: string): string => accounts[username]?.password ?? '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-identity-'));
    port = await freePort();
    app = await start(directory, port);
    issuer = `http://localhost:${port}/oidc`;
    accounts = (JSON.parse(await readFile(join(directory, 'accounts.json'), 'utf8')) as AccountsFile).accounts;
  });
  afterAll(async () => {
    await app.close();
    await rm(directory, { recursive: true });
  });

  it('gives a signed-in person a token that verifies against the published keys and names the role', async () => {
    const { accessToken, expiresIn } = await signIn({ issuer, username: 'sales', password: password('sales') });
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
    const { payload } = await jwtVerify(accessToken, keys, { issuer, audience: 'lakeloop', typ: 'at+jwt' });
    expect(payload).toMatchObject({ sub: 'sales', role: 'sales', preferred_username: 'sales', region: 'EMEA', amr: ['pwd'] });
    expect(typeof payload.name).toBe('string');
    expect(expiresIn).toBe(900);
  });

  it('has an account for each role, each with a password of its own, readable by this user only', async () => {
    expect(Object.keys(accounts)).toEqual(expect.arrayContaining(['analyst', 'approver', 'finance', 'sales', 'supply', 'auditor', 'administrator', 'agent']));
    const passwords = Object.values(accounts).map((account) => account.password);
    expect(new Set(passwords).size).toBe(passwords.length);
    for (const file of ['accounts.json', 'identity/keys.json']) expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
  });

  it('publishes no private key', async () => {
    const { keys } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: Record<string, unknown>[] };
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).not.toHaveProperty('d');
  });

  it('rotates refresh tokens, and a used one ends the grant', async () => {
    const first = await signIn({ issuer, username: 'analyst', password: password('analyst') });
    const second = await refresh({ issuer, refreshToken: first.refreshToken });
    expect(second.refreshToken).not.toBe(first.refreshToken);
    await expect(refresh({ issuer, refreshToken: first.refreshToken })).rejects.toThrow('invalid_grant');
    await expect(refresh({ issuer, refreshToken: second.refreshToken })).rejects.toThrow('invalid_grant');
  });

  it('refuses a wrong password, and after five of them waits', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) await expect(signIn({ issuer, username: 'auditor', password: 'wrong' })).rejects.toThrow('got 401');
    await expect(signIn({ issuer, username: 'auditor', password: password('auditor') })).rejects.toThrow('got 429');
    await expect(signIn({ issuer, username: 'nobody', password: '' })).rejects.toThrow('got 401');
  });

  it('refuses a redirect URI that is not registered, and a request without PKCE', async () => {
    const query = (extra: Record<string, string>): string =>
      new URLSearchParams({ client_id: 'lakeloop-console', response_type: 'code', scope: 'openid', ...extra }).toString();
    const wrong = await fetch(
      `${issuer}/auth?${query({ redirect_uri: `http://localhost:${port}/auth/callback/x`, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })}`,
      { redirect: 'manual' },
    );
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get('location')).toBeNull();
    const plain = await fetch(`${issuer}/auth?${query({ redirect_uri: `http://localhost:${port}/auth/callback` })}`, { redirect: 'manual' });
    expect(plain.headers.get('location')).toContain('error=invalid_request');
  });

  it('refuses another Host, and forms that other sites post', async () => {
    const path = '/oidc/.well-known/openid-configuration';
    expect(await statusOf(port, path, { host: `localhost:${port}` })).toBe(200);
    expect(await statusOf(port, path, { host: `rebound.example:${port}` })).toBe(403);
    expect(await statusOf(port, '/oidc/token', { host: `localhost:${port}`, origin: 'http://evil.example' }, 'POST')).toBe(403);
    expect(await statusOf(port, '/oidc/token', { host: `localhost:${port}`, origin: `http://localhost:${port}` }, 'POST')).toBe(400);
  });

  it('keeps keys, passwords and sessions over a restart', async () => {
    const before = await signIn({ issuer, username: 'finance', password: password('finance') });
    await app.close();
    app = await start(directory, port);
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
    await expect(jwtVerify(before.accessToken, keys, { issuer, audience: 'lakeloop' })).resolves.toBeDefined();
    await expect(refresh({ issuer, refreshToken: before.refreshToken })).resolves.toMatchObject({ expiresIn: 900 });
    await expect(signIn({ issuer, username: 'finance', password: password('finance') })).resolves.toBeDefined();
  });
});
