/** A process of the service's core: feeds `directory`'s log into its lakehouse until it is killed, or everything is in. Argument: the directory. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SqliteChangeLog } from '#libs/changelog/sqlite/sqlite-change-log';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { HistoryFeeds } from '../ingest/history-feeds.ts';
import { batchMaker } from '../ingest/make-batch.ts';
import { createLakehouseMetrics } from '../metrics.ts';

const [directory = ''] = process.argv.slice(2);
const runtime = createServiceRuntime('fixture', process.env);
const changeLog = await SqliteChangeLog.open({ directory: join(directory, 'log'), logger: runtime.logger });
const lakehouse = await openDeltaLakehouse({ root: join(directory, 'lake'), logger: runtime.logger });
const stagingDirectory = join(directory, 'staging');
const feeds = new HistoryFeeds({
  config: { topicPrefix: 'test', stagingDirectory, flushMs: 50, flushRows: 700, compactMs: 200, retentionHours: 168, discoverMs: 20 },
  changeLog,
  lakehouse,
  readSource: async () => ({ columns: [{ name: 'id', type: 'integer' }], key: ['id'] }),
  makeBatch: batchMaker('duckdb', stagingDirectory),
  runtime,
  metrics: createLakehouseMetrics(runtime.metrics, () => new Map()),
});
await feeds.run();
const end = (await changeLog.bounds('test.public.t'))[0]?.next ?? 0n;
while (feeds.tables[0]?.partitions[0]?.state.applied !== end) await delay(10);
await feeds.drain();
await feeds.stop();
await lakehouse.close();
await changeLog.close();
