/**
 * How fast one process hands changes to many: 1,000 subscribers of one table, 50 changes a second, from the append to a durable log to the bytes
 * at each subscriber's socket. Subscribers are in a process of their own. Run after `npm run build`:
 * `node -C dist dist/services/notification/bench/fanout.js [subscribers] [changes/s] [seconds]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SignJWT } from 'jose';
import pg from 'pg';
import { formatEventId } from '#contracts/topics/event-id';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { installGovernance } from '#libs/governance/install';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createPool } from '#libs/postgres/pool';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { NotificationModule } from '../src/app.module.ts';
import type { Readings } from './subscribers.ts';

const [subscribers = 1_000, rate = 50, seconds = 15] = process.argv.slice(2).map(Number);
const TOPIC = 'bench.bench.item';
const secret = Buffer.from('a secret of the bench, 32 bytes!!');
const directory = await mkdtemp(join(tmpdir(), 'lakeloop-fanout-'));
const runtime = createServiceRuntime('bench', { LOG_LEVEL: 'warn' });
const { logger } = runtime;
const postgres = await EmbeddedPostgres.start({ dataDirectory: join(directory, 'pg'), password: 'bench', settings: { fsync: 'off' }, logger });
const changeLog = await SqliteChangeLog.open({ directory: join(directory, 'log'), logger });

try {
  const url = await serve();
  const readings = await measure(url);
  report(readings);
} catch (error) {
  logger.fatal({ err: error }, 'the bench failed');
  process.exitCode = 1;
} finally {
  await runtime.lifecycles.end();
  await changeLog.close();
  await postgres.stop('immediate');
  await rm(directory, { recursive: true, force: true });
  setImmediate(() => process.exit());
}

async function serve(): Promise<string> {
  await installGovernance({ adminUrl: postgres.url(), logger, logins: { notification: 'bench' } });
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  await client.query(`create schema bench; create table bench.item (id bigint primary key, sent text, note text); select lakeloop.adopt('bench.item')`);
  await applyPolicy(client, { roles: { analyst: { 'bench.item': { select: { columns: '*' } } } } });
  await client.end();
  await changeLog.ensureTopic(TOPIC, { partitions: 1, cleanup: 'delete', retentionMs: null });
  const login = new URL(postgres.url());
  login.username = 'lakeloop_notification';
  const module = NotificationModule.register({
    config: {
      schemas: undefined,
      anonRole: undefined,
      cursorSecret: 'bench',
      heartbeatMs: 15_000,
      maxBufferedEvents: 4_000,
      maxBufferedBytes: 4 * 1024 * 1024,
      recheckMs: 10_000,
    },
    changeLog,
    pool: createPool({ connectionString: login.toString(), name: 'bench', max: 16 }),
    verifier: TokenVerifier.create({ jwks: { keys: [{ kty: 'oct', k: secret.toString('base64url') }] } }),
    runtime,
    topicPrefix: 'bench',
  });
  const app = await createHttpApp({ runtime, module });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function measure(url: string): Promise<{ readings: Readings; cpuSeconds: number; tookSeconds: number; rssMb: number }> {
  const token = await new SignJWT({ sub: 'bench', role: 'analyst', exp: Math.floor(Date.now() / 1000) + 3_600 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(secret);
  const child = fork(join(import.meta.dirname, 'subscribers.js'), [url, token, String(subscribers)], { execArgv: ['-C', 'dist'] });
  await once(child, 'message');
  const producer = await changeLog.openProducer('bench');
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let i = 0; i < rate * seconds; i += 1) {
    await delay(Math.max(0, began + (i * 1_000) / rate - performance.now()));
    await producer.append([record(i)]);
  }
  child.send({ expected: rate * seconds * subscribers });
  const [readings] = (await once(child, 'message')) as [Readings];
  const { user, system } = process.cpuUsage(cpu);
  child.kill();
  return { readings, cpuSeconds: (user + system) / 1e6, tookSeconds: (performance.now() - began) / 1_000, rssMb: process.memoryUsage.rss() / 2 ** 20 };
}

function record(i: number): { topic: string; key: Buffer; value: Buffer; headers: Record<string, string> } {
  const sent = performance.timeOrigin + performance.now();
  const after = { id: i, sent: sent.toFixed(3), note: 'a row of about the size that a queue page shows, with a short text in it' };
  const source = { connector: 'postgresql', ts_ms: Math.floor(sent), txId: 4_000_000_000, schema: 'bench', table: 'item', snapshot: 'false' };
  const id = formatEventId({ systemId: '7000000000000000001', timeline: 1, commitLsn: 2n ** 40n + BigInt(i) * 100n, ordinal: 0 });
  return {
    topic: TOPIC,
    key: Buffer.from(`{"id":${i}}`),
    value: Buffer.from(JSON.stringify({ before: null, after, source, op: 'c', ts_ms: Math.floor(sent), transaction: null })),
    headers: { id, actor: 'bench', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  };
}

function report({ readings, cpuSeconds, tookSeconds, rssMb }: Awaited<ReturnType<typeof measure>>): void {
  const lines = [
    `${subscribers} subscribers × ${rate} changes/s × ${seconds} s`,
    `deliveries: ${readings.deliveries} (${Math.round(readings.deliveries / tookSeconds)}/s)`,
    `append → subscriber: p50 ${readings.p50.toFixed(1)} ms, p99 ${readings.p99.toFixed(1)} ms, max ${readings.max.toFixed(1)} ms`,
    `server: ${cpuSeconds.toFixed(1)} s CPU (${((cpuSeconds / readings.deliveries) * 1e6).toFixed(1)} µs a delivery), ${Math.round(rssMb)} MB`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
