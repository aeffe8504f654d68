import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { generateKeyPair, exportJWK, SignJWT } from 'jose';
import { installGovernance } from '#libs/governance/install';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';

/** Requests in flight, each on a connection of its own, and connections of each server's pool. */
export const CONNECTIONS = 16;

/** Two tables of the same shape: one bare, one adopted. */
const SCHEMA = `
  create schema app;
  create table app.bare (id bigint generated always as identity primary key, account text not null, amount numeric(14,2) not null, currency text not null, booked_at timestamptz not null, note text);
  create table app.governed (like app.bare including all);
  grant usage on schema app to analyst;
  grant select, insert, update, delete on app.governed to analyst;
  select lakeloop.adopt('app.governed')`;

/** A row of both tables, as a client sends it. */
export const ROW = {
  account: 'DE02100100109307118603',
  amount: 1234.56,
  currency: 'EUR',
  booked_at: '2026-01-02T03:04:05Z',
  note: 'monthly fee, second half',
};

export interface ServerUnderTest {
  url: string;
  pid: number;
}

/** What is compared: one PostgreSQL (fsync on), and each service a process of its own over TCP. */
export interface Stand {
  postgres: { url: string; pid: number };
  /** Fastify with schema validation and a pg pool: ./bare-server.ts. */
  bare: ServerUnderTest;
  /** The service itself: ./governed-server.ts. */
  governed: ServerUnderTest;
  /** Headers of a principal with the role analyst. */
  authorization: string;
}

/** Gives `work` a stand, and takes everything away behind it: also after SIGINT and SIGTERM. */
export async function withStand(work: (stand: Stand) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-bench-'));
  const logger = createLogger({ service: 'bench', level: 'warn' });
  const server = await EmbeddedPostgres.start({
    dataDirectory: join(directory, 'data'),
    password: 'bench',
    settings: { shared_buffers: '256MB', max_connections: 100 },
    logger,
  });
  const children: ChildProcess[] = [];
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL');
    void server.stop('immediate').then(() => process.exit(1));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    await installGovernance({ adminUrl: server.url(), logger, logins: { write: 'bench' } });
    await query(server.url(), SCHEMA);
    const { jwks, token } = await identity();
    const bare = await start(children, 'bare-server', { DATABASE_URL: server.url() });
    const governed = await start(children, 'governed-server', {
      DATABASE_URL: server.url('postgres', 'lakeloop_write', 'bench'),
      JWT_JWKS: jwks,
      REST_SCHEMAS: 'app',
    });
    await work({ postgres: { url: server.url(), pid: server.pid }, bare, governed, authorization: `Bearer ${token}` });
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    for (const child of children) child.kill('SIGKILL');
    await server.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  }
}

/** One statement on a connection of its own. */
export async function query<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

async function identity(): Promise<{ jwks: string; token: string }> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256' }] });
  const token = await new SignJWT({ sub: 'bench', name: 'Bench', role: 'analyst' })
    .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
    .setExpirationTime('1h')
    .sign(privateKey);
  return { jwks, token };
}

async function start(children: ChildProcess[], name: string, environment: Record<string, string>): Promise<ServerUnderTest> {
  const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), {
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', DB_POOL_MAX: String(CONNECTIONS), ...environment },
    execArgv: ['-C', 'dist'],
  });
  children.push(child);
  const url = await Promise.race([once(child, 'message'), once(child, 'exit')]).then(([first]: unknown[]) => first);
  if (typeof url !== 'string') throw new Error(`${name} ended with ${String(url)} before it listened`);
  return { url, pid: child.pid ?? 0 };
}
