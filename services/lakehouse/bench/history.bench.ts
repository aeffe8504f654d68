/**
 * Figures of change topics → Delta, on an embedded log and lakehouse: rows/s and memory from backlogs of 10 columns, and freshness at a steady rate.
 * `npm run bench -- history [backlog,…] [rate] [seconds]`; default 1000000, 200, 20. 10000000 takes minutes and some 12 GB of disk.
 * Each backlog is made in a process of its own and applied in another, so that memory and CPU are those of the work alone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { formatEventId } from '#contracts/topics/event-id';
import type { LogRecord } from '#libs/changelog/change-log';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { baseProgress } from '#libs/lakehouse/history/progress';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { HistoryFeeds } from '../src/ingest/history-feeds.ts';
import { batchMaker } from '../src/ingest/make-batch.ts';
import { createLakehouseMetrics } from '../src/metrics.ts';
import { shapeOf } from '../src/shape/pg-type.ts';

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
const BASE = { schema: 'public', name: 't_base' };
const TOPIC = 'bench.public.t';
/** Six times as often as by default, so that small backlogs have merges in them too. */
const COMPACT_MS = 10_000;
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

const runtime = createServiceRuntime('bench', { LOG_LEVEL: 'warn' });
const columns = Object.entries(TYPES).map(([name, type]) => ({ name, type: shapeOf(type, type === 'numeric' ? NUMERIC_14_2 : -1) }));

interface Place {
  directory: string;
  log: SqliteChangeLog;
  lakehouse: Lakehouse;
}

async function open(directory: string): Promise<Place> {
  const log = await SqliteChangeLog.open({ directory: join(directory, 'log'), logger: runtime.logger });
  return { directory, log, lakehouse: await openDeltaLakehouse({ root: join(directory, 'lake'), logger: runtime.logger }) };
}

async function close({ log, lakehouse }: Place): Promise<void> {
  await log.close();
  await lakehouse.close();
}

function feedsOf({ directory, log, lakehouse }: Place): HistoryFeeds {
  const stagingDirectory = join(directory, 'staging');
  const config = { topicPrefix: 'bench', stagingDirectory, flushMs: 2_000, flushRows: 200_000, compactMs: COMPACT_MS, retentionHours: 168, discoverMs: 50 };
  const readSource = async (): Promise<{ columns: typeof columns; key: string[] }> => ({ columns, key: ['id'] });
  const metrics = createLakehouseMetrics(runtime.metrics, () => new Map());
  return new HistoryFeeds({ config, changeLog: log, lakehouse, readSource, makeBatch: batchMaker('duckdb', stagingDirectory), runtime, metrics });
}

async function fill(directory: string, rows: number): Promise<void> {
  const place = await open(directory);
  await place.log.ensureTopic(TOPIC, { partitions: 1, cleanup: 'delete', retentionMs: null });
  const producer = await place.log.openProducer('bench');
  for (let from = 0; from < rows; from += 2_000)
    await producer.append(Array.from({ length: Math.min(2_000, rows - from) }, (_, index) => record(TOPIC, from + index, Date.now())));
  await close(place);
}

/** What a backlog takes until the history has it, and until the base is in step too. */
async function apply(directory: string, rows: number): Promise<void> {
  const place = await open(directory);
  const feeds = feedsOf(place);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const memory = { most: 0, half: 0 };
  await feeds.run();
  for (let applied = 0n; applied < BigInt(rows);) {
    await delay(20);
    applied = feeds.tables[0]?.partitions[0]?.state.applied ?? 0n;
    memory.most = Math.max(memory.most, process.memoryUsage().rss);
    if (applied * 2n < BigInt(rows)) memory.half = memory.most;
  }
  const took = (performance.now() - begun) / 1000;
  const used = process.cpuUsage(cpu);
  loop.disable();
  // A last part that is small beside the base waits for more.
  const merged = async (): Promise<bigint> => (await place.lakehouse.lastTransaction(BASE, baseProgress(0))) ?? 0n;
  while ((BigInt(rows) - (await merged())) * 20n >= BigInt(rows)) {
    await delay(20);
    memory.most = Math.max(memory.most, process.memoryUsage().rss);
  }
  const whole = (performance.now() - begun) / 1000;
  const base = await place.lakehouse.describe(BASE);
  await feeds.drain();
  await feeds.stop();
  await close(place);
  print(
    `backlog of ${rows} rows × ${columns.length} columns: ${took.toFixed(1)} s = ${Math.round(rows / took)} rows/s, ${((used.user + used.system) / 1e6).toFixed(1)} s of CPU, ` +
      `event loop p99 ${(loop.percentile(99) / 1e6).toFixed(1)} ms, max ${(loop.max / 1e6).toFixed(1)} ms; base of ${base?.rows} rows in ${base?.files} files in step after ${whole.toFixed(1)} s; ` +
      `most memory ${mb(memory.most)} (${mb(memory.half)} in the first half)`,
  );
}

/** From the append to the log, which follows the commit by a millisecond or two, to the version that holds the row. */
async function freshness(directory: string, perSecond: number, forSeconds: number): Promise<void> {
  const place = await open(directory);
  await place.log.ensureTopic(TOPIC, { partitions: 1, cleanup: 'delete', retentionMs: null });
  const producer = await place.log.openProducer('bench');
  const feeds = feedsOf(place);
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
    await producer.append([record(TOPIC, index, Date.now())]);
  }
  while (seen < total) await delay(20);
  clearInterval(look);
  await feeds.drain();
  await feeds.stop();
  await close(place);
  ages.sort((left, right) => left - right);
  const at = (share: number): string => ((ages[Math.min(ages.length - 1, Math.floor(share * ages.length))] ?? 0) / 1000).toFixed(2);
  print(
    `freshness at ${perSecond} writes/s, LAKEHOUSE_FLUSH_MS 2,000, LAKEHOUSE_COMPACT_MS 10,000: p50 ${at(0.5)} s, p99 ${at(0.99)} s, most ${at(1)} s (goal 5 s)`,
  );
}

/** Runs a part of this file in a process of its own. */
async function alone(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, ...args], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${signal ?? code}`);
}

async function within(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(process.env['BENCH_DIRECTORY'] ?? tmpdir(), 'history-bench-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function all([backlogs = '1000000', rate = '200', seconds = '20']: readonly string[]): Promise<void> {
  for (const rows of backlogs.split(',').filter((count) => Number(count) > 0))
    await within(async (directory) => {
      await alone('fill', directory, rows);
      await alone('apply', directory, rows);
    });
  if (Number(rate) > 0) await within((directory) => alone('freshness', directory, rate, seconds));
}

const [part = '', directory = '', first = '', second = ''] = process.argv.slice(2);
if (part === 'fill') await fill(directory, Number(first));
else if (part === 'apply') await apply(directory, Number(first));
else if (part === 'freshness') await freshness(directory, Number(first), Number(second));
else await all(process.argv.slice(2));
