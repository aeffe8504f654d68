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
import { cpuSeconds } from './cpu.ts';
import { load, type LoadResult } from './load.ts';

/**
 * Governed insert against a bare one. Bare: Fastify with schema validation, named prepared insert, pg pool over TCP. Governed: the real
 * service with a signed token, role, context message, audit trigger and an idempotency key on every request. Same client, same 16
 * connections, same server (fsync on), each service in a process of its own; alternating rounds, median of five.
 *
 * `node -C dist dist/services/write/bench/governed-insert.js [seconds a round]`
 */
const CONNECTIONS = 16;
const ROUNDS = 5;
const SECONDS = Number(process.argv[2] ?? 5);

const SCHEMA = `
  create schema app;
  create table app.bare (id bigint generated always as identity primary key, account text not null, amount numeric(14,2) not null, currency text not null, booked_at timestamptz not null, note text);
  create table app.governed (like app.bare including all);
  grant usage on schema app to analyst;
  grant select, insert, update, delete on app.governed to analyst;
  select lakeloop.adopt('app.governed')`;

const ROW = JSON.stringify({
  account: 'DE02100100109307118603',
  amount: 1234.56,
  currency: 'EUR',
  booked_at: '2026-01-02T03:04:05Z',
  note: 'monthly fee, second half',
});

interface Target {
  name: string;
  url: string;
  /** CPU seconds of the service and of Postgres so far: a second measure, which other load on the machine disturbs less. */
  cpu: () => { service: number; postgres: number };
  headers: () => Record<string, string>;
}

async function run(): Promise<void> {
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
    await setUp(server.url());
    const { jwks, token } = await identity();
    const bare = await start(children, 'bare-server', { DATABASE_URL: server.url() });
    const governed = await start(children, 'governed-server', {
      DATABASE_URL: server.url('postgres', 'lakeloop_write', 'bench'),
      JWT_JWKS: jwks,
      REST_SCHEMAS: 'app',
    });
    let key = 0;
    const json = { 'content-type': 'application/json' };
    const cpu = (pid: number) => () => ({ service: cpuSeconds(pid), postgres: cpuSeconds(server.pid, true) });
    await measure([
      { name: 'bare', url: `${bare.url}/rows`, cpu: cpu(bare.pid), headers: () => json },
      {
        name: 'governed',
        url: `${governed.url}/rest/v1/governed`,
        cpu: cpu(governed.pid),
        headers: () => ({ ...json, authorization: `Bearer ${token}`, 'idempotency-key': `bench-${(key += 1)}` }),
      },
    ]);
    await verify(server.url());
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    for (const child of children) child.kill('SIGKILL');
    await server.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(targets: Target[]): Promise<void> {
  const results = new Map<string, LoadResult[]>(targets.map(({ name }) => [name, []]));
  for (const target of targets) await load({ ...target, body: ROW, connections: CONNECTIONS, seconds: 2 });
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const target of targets) {
      const before = target.cpu();
      const result = await load({ ...target, body: ROW, connections: CONNECTIONS, seconds: SECONDS });
      const after = target.cpu();
      const each = (name: 'service' | 'postgres'): string => (((after[name] - before[name]) / result.requests) * 1e6).toFixed(0);
      results.get(target.name)?.push(result);
      console.log(
        `round ${round}  ${target.name.padEnd(9)} ${result.perSecond.toFixed(0).padStart(6)} req/s   p50 ${result.p50.toFixed(2)} ms   p99 ${result.p99.toFixed(2)} ms   CPU µs/req: service ${each('service')}, Postgres ${each('postgres')}`,
      );
    }
  }
  const [bare, governed] = targets.map(({ name }) => median((results.get(name) ?? []).map(({ perSecond }) => perSecond))) as [number, number];
  console.log(`median  bare ${bare.toFixed(0)} req/s   governed ${governed.toFixed(0)} req/s   ratio ${((governed / bare) * 100).toFixed(1)} %`);
}

/** Every acknowledged request left a row, an audit entry and a key: otherwise the figure means nothing. */
async function verify(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(
    "select (select count(*) from app.governed) as rows, (select count(*) from audit.entry where actor = 'bench') as entries, (select count(key_id) from audit.request) as keys",
  );
  await client.end();
  console.log(`checked  ${rows[0]?.['rows']} rows, ${rows[0]?.['entries']} audit entries, ${rows[0]?.['keys']} idempotency keys`);
}

async function setUp(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(SCHEMA);
  await client.end();
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

async function start(children: ChildProcess[], name: string, environment: Record<string, string>): Promise<{ url: string; pid: number }> {
  const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), {
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'warn', DB_POOL_MAX: String(CONNECTIONS), ...environment },
    execArgv: ['-C', 'dist'],
  });
  children.push(child);
  const url = await Promise.race([once(child, 'message'), once(child, 'exit')]).then(([first]: unknown[]) => first);
  if (typeof url !== 'string') throw new Error(`${name} ended with ${String(url)} before it listened`);
  return { url, pid: child.pid ?? 0 };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

await run();
