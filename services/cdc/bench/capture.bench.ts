/**
 * Figures of capture into the embedded log, on a Postgres of its own: rows/s of a backlog, and commit → durable append at a steady rate.
 * `node -C dist dist/services/cdc/bench/capture.bench.js [rows] [rate] [seconds]` after `npm run build`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { ChangeLog, LogRecord } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { cdcSettings } from '../src/cdc-config.ts';
import { CdcService } from '../src/cdc-service.ts';

const [rows = 100_000, rate = 200, seconds = 10] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'cdc-bench-'));
const { logger } = createServiceRuntime('bench', { LOG_LEVEL: 'warn' });
const server = await EmbeddedPostgres.start({
  dataDirectory: join(directory, 'pg'),
  password: 'x',
  settings: { max_wal_size: '4GB', shared_buffers: '256MB' },
  logger,
});
const client = new pg.Client({ connectionString: server.url() });
await client.connect();
const log = await SqliteChangeLog.open({ directory: join(directory, 'log'), logger });

/** Told of every durable append of change records. */
let onDurable: (records: readonly LogRecord[]) => void = () => undefined;
const measured = new Proxy(log, {
  get: (target, name) => {
    if (name !== 'openProducer') {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    }
    return async (id: string) => {
      const producer = await target.openProducer(id);
      const append = async (records: readonly LogRecord[]): Promise<void> => {
        await producer.append(records);
        onDurable(records);
      };
      return { append, close: () => producer.close() };
    };
  },
}) as ChangeLog;

function start(): { service: CdcService; streaming: Promise<void> } {
  const ready = Promise.withResolvers<void>();
  const config = cdcSettings.parse({ DATABASE_URL: server.url(), CDC_SNAPSHOT: 'never' });
  const runtime = createServiceRuntime('bench', { LOG_LEVEL: 'warn' });
  const service = new CdcService({ config, changeLog: measured, runtime, onState: ({ phase }) => phase === 'streaming' && ready.resolve() });
  void service.run();
  return { service, streaming: ready.promise };
}
const end = async (service: CdcService): Promise<void> => {
  await service.drain();
  await service.stop();
};

await client.query('create table t (id bigint primary key, account text, amount numeric(14,2), currency text, at timestamptz, note text)');
let running = start();
await running.streaming;
await end(running.service);

const insert = `insert into t select n, 'account-' || n % 1000, n * 1.37, 'EUR', now(), repeat('x', 60) from generate_series($1::int, $2::int) n`;
for (let from = 1; from <= rows; from += 100) await client.query(insert, [from, Math.min(rows, from + 99)]);
let count = 0;
const all = Promise.withResolvers<void>();
onDurable = (records) => {
  count += records.filter(({ topic }) => topic === 'lakeloop.public.t').length;
  if (count >= rows) all.resolve();
};
const cpu = process.cpuUsage();
const begun = performance.now();
running = start();
await all.promise;
const took = (performance.now() - begun) / 1000;
const used = process.cpuUsage(cpu);
process.stdout.write(
  `backlog: ${rows} rows in ${took.toFixed(2)} s = ${Math.round(rows / took)} rows/s, ${((used.user + used.system) / 1e6).toFixed(2)} s of CPU, ${Math.round(process.memoryUsage().rss / 1e6)} MB\n`,
);

/** From the commit's own time stamp, by the same machine's clock, to the acknowledged append. */
const latencies: number[] = [];
onDurable = (records) => {
  const now = performance.timeOrigin + performance.now();
  for (const { topic, value } of records) {
    const committed = topic === 'lakeloop.public.t' ? /"ts_us":(\d+)/.exec(value?.toString() ?? '') : null;
    if (committed) latencies.push(now - Number(committed[1]) / 1000);
  }
};
const total = rate * seconds;
const first = performance.now();
const writer = new pg.Client({ connectionString: server.url() });
await writer.connect();
for (let index = 0; index < total; index += 1) {
  const wait = first + (index * 1000) / rate - performance.now();
  if (wait > 1) await delay(wait);
  await writer.query({ name: 'i', text: `insert into t values ($1, 'a', 1, 'EUR', now(), 'n')`, values: [rows + 1 + index] });
}
await delay(200);
latencies.sort((a, b) => a - b);
const at = (share: number): string => (latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0).toFixed(2);
process.stdout.write(`commit → durable append at ${rate}/s: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${latencies.length} of ${total})\n`);
await end(running.service);
await writer.end();
await client.end();
await log.close();
await server.stop();
await rm(directory, { recursive: true, force: true });
