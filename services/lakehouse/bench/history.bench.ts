/**
 * Figures of change topics → Delta, on an embedded log and lakehouse: rows/s and memory from backlogs of 10 columns, and freshness at a steady rate.
 * `npm run bench -- history [backlog,…] [rate] [seconds]`; default 1000000, 200, 20. 10000000 takes minutes and some 12 GB of disk.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEventId } from '#contracts/topics/event-id';
import type { LogRecord, Producer } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { HistoryFeeds } from '../src/ingest/history-feeds.ts';
import { batchMaker } from '../src/ingest/make-batch.ts';
import { createLakehouseMetrics } from '../src/metrics.ts';
import { shapeOf } from '../src/shape/pg-type.ts';

const [backlogs = '1000000', rate = '200', seconds = '20'] = process.argv.slice(2);
const TYPES = {
  id: 'int8',
  account: 'text',
  amount: 'numeric',
  currency: 'text',
  at: 'timestamptz',
  note: 'text',
  ok: 'bool',
  n: 'int4',
  day: 'date',
  ref: 'uuid',
};
const NUMERIC_14_2 = ((14 << 16) | 2) + 4;
const print = (line: string): unknown => process.stdout.write(`${line}\n`);
const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

function record(topic: string, index: number, nowMs: number): LogRecord {
  const lsn = BigInt(1_000 + Math.floor(index / 100));
  const after = `{"id":${index},"account":"account-${index % 1000}","amount":"${(index * 1.37).toFixed(2)}","currency":"EUR","at":"2026-01-31T08:00:00.123456Z","note":"${'x'.repeat(40)}","ok":true,"n":${index % 1000},"day":"2026-01-31Z","ref":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}`;
  const source = `{"version":"0.1.0","connector":"postgresql","name":"bench","ts_ms":${nowMs},"snapshot":"false","db":"lakeloop","sequence":"[null,\\"${lsn}\\"]","ts_us":${nowMs * 1000},"ts_ns":${nowMs}000000,"schema":"public","table":"${topic.split('.')[2]}","txId":1,"lsn":${lsn},"xmin":null}`;
  const id = formatEventId({ systemId: '7301234567890123456', timeline: 1, commitLsn: lsn, ordinal: index % 100 });
  const headers = { id, actor: 'ada', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
  return {
    topic,
    key: Buffer.from(`{"id":${index}}`),
    value: Buffer.from(`{"before":null,"after":${after},"source":${source},"op":"c","ts_ms":${nowMs},"transaction":null}`),
    headers,
  };
}

async function fill(producer: Producer, topic: string, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += 2_000)
    await producer.append(Array.from({ length: Math.min(2_000, rows - from) }, (_, index) => record(topic, from + index, Date.now())));
}

const directory = await mkdtemp(join(process.env['BENCH_DIRECTORY'] ?? tmpdir(), 'history-bench-'));
const runtime = createServiceRuntime('bench', { LOG_LEVEL: 'warn' });
const log = await SqliteChangeLog.open({ directory: join(directory, 'log'), logger: runtime.logger });
const producer = await log.openProducer('bench');
const lakehouse = await openDeltaLakehouse({ root: join(directory, 'lake'), logger: runtime.logger });
const columns = Object.entries(TYPES).map(([name, type]) => ({ name, type: shapeOf(type, type === 'numeric' ? NUMERIC_14_2 : -1) }));
const metrics = createLakehouseMetrics(runtime.metrics, () => new Map());

function feedsOf(prefix: string, flushMs: number): HistoryFeeds {
  const stagingDirectory = join(directory, 'staging', prefix);
  const config = { topicPrefix: prefix, stagingDirectory, flushMs, flushRows: 200_000, compactMs: 60_000, retentionHours: 168, discoverMs: 50 };
  const readSource = async (): Promise<{ columns: typeof columns; key: string[] }> => ({ columns, key: ['id'] });
  return new HistoryFeeds({ config, changeLog: log, lakehouse, readSource, makeBatch: batchMaker('duckdb', stagingDirectory), runtime, metrics });
}

async function measureBacklog(rows: number): Promise<void> {
  const prefix = `b${rows}`;
  const topic = `${prefix}.public.t${rows}`;
  await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
  await fill(producer, topic, rows);
  const feeds = feedsOf(prefix, 2_000);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  // What making the backlog has left is no cost of applying it.
  const start = process.memoryUsage().rss;
  let most = 0;
  let half = 0;
  await feeds.run();
  for (let applied = 0n; applied < BigInt(rows);) {
    await delay(20);
    applied = feeds.tables[0]?.partitions[0]?.state.applied ?? 0n;
    most = Math.max(most, process.memoryUsage().rss);
    if (applied * 2n < BigInt(rows)) half = most;
  }
  const took = (performance.now() - begun) / 1000;
  const used = process.cpuUsage(cpu);
  loop.disable();
  await feeds.drain();
  print(
    `backlog of ${rows} rows × ${columns.length} columns: ${took.toFixed(1)} s = ${Math.round(rows / took)} rows/s, ${((used.user + used.system) / 1e6).toFixed(1)} s of CPU, ` +
      `most memory ${mb(most)} (${mb(start)} at the start, ${mb(half)} in the first half), event loop p99 ${(loop.percentile(99) / 1e6).toFixed(1)} ms, max ${(loop.max / 1e6).toFixed(1)} ms`,
  );
}

/** From the append to the log, which follows the commit by a millisecond or two, to the version that holds the row. */
async function measureFreshness(perSecond: number, forSeconds: number): Promise<void> {
  const topic = 'fresh.public.t';
  await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
  const feeds = feedsOf('fresh', 2_000);
  await feeds.run();
  const sent: number[] = [];
  const ages: number[] = [];
  let seen = 0;
  const look = setInterval(() => {
    const applied = Number(feeds.tables[0]?.partitions[0]?.state.applied ?? 0n);
    for (; seen < applied; seen += 1) ages.push(performance.now() - (sent[seen] ?? 0));
  }, 5);
  const total = perSecond * forSeconds;
  const first = performance.now();
  for (let index = 0; index < total; index += 1) {
    const wait = first + (index * 1000) / perSecond - performance.now();
    if (wait > 1) await delay(wait);
    sent.push(performance.now());
    await producer.append([record(topic, index, Date.now())]);
  }
  while (seen < total) await delay(20);
  clearInterval(look);
  await feeds.drain();
  ages.sort((left, right) => left - right);
  const at = (share: number): string => ((ages[Math.min(ages.length - 1, Math.floor(share * ages.length))] ?? 0) / 1000).toFixed(2);
  print(`freshness at ${perSecond} writes/s, LAKEHOUSE_FLUSH_MS 2,000: p50 ${at(0.5)} s, p99 ${at(0.99)} s, most ${at(1)} s (goal 5 s)`);
}

try {
  for (const rows of backlogs.split(',').map(Number)) if (rows > 0) await measureBacklog(rows);
  if (Number(rate) > 0) await measureFreshness(Number(rate), Number(seconds));
} finally {
  await log.close();
  await lakehouse.close();
  await rm(directory, { recursive: true, force: true });
}
