import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import type { LogRecord } from '#libs/changelog/change-log';
import { createLogger } from '#libs/runtime/logger';
import { testBrokers } from '#libs/testing/kafka-server';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { consumeChanges, MemoryInbox, type TopicChange } from './consume-changes.ts';

interface Order {
  id: number;
  state: string;
}

let log: KafkaChangeLog;
let topic: string;
beforeEach(async () => {
  log = KafkaChangeLog.connect({ brokers: testBrokers(), clientId: 'test', logger: createLogger({ service: 'test', level: 'silent' }), fences: () => false });
  topic = `${uniqueName('consume')}.public.orders`;
  await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
});
afterEach(() => log.close());

function event(ordinal: number, op: string, after: unknown, more: object = {}): LogRecord {
  const value = JSON.stringify({ before: null, after, source: { ts_ms: 1, schema: 'public', table: 'orders' }, op, ...more });
  return { topic, key: Buffer.from('{"id":1}'), value: Buffer.from(value), headers: { id: `1:1:0000000000000001:${ordinal}` } };
}

async function publish(...records: LogRecord[]): Promise<void> {
  const producer = await log.openProducer(uniqueName('producer'));
  await producer.append(records);
  await producer.close();
}

describe('a consumer of change topics', () => {
  it('sees each event once, in order, what failed again, and no tombstone; an unreadable record is told and passed over', async () => {
    const parked = { reason: 'row-too-large', message: 'm', op: 'u', bytes: 9, topic: 'p.__dlq' };
    const created = event(0, 'c', { id: 1, state: 'new' });
    const nonsense = { ...event(3, 'c', null), value: Buffer.from('nonsense') };
    await publish(
      created,
      created,
      event(1, 'u', { id: 1, state: 'paid' }),
      nonsense,
      event(4, 'p', null, { parked }),
      { ...event(5, 'd', null), value: null },
      event(2, 'c', {}),
      event(6, 't', null),
    );
    const seen: TopicChange<Order>[] = [];
    const unreadable: string[] = [];
    const over = Promise.withResolvers<void>();
    let failures = 1;
    const consumer = await consumeChanges<Order>({
      kafka: new Kafka({ brokers: testBrokers(), logLevel: logLevel.NOTHING }),
      groupId: uniqueName('group'),
      topics: [topic],
      inbox: new MemoryInbox(),
      onChange: async (change) => {
        if (change.op === 'u' && failures-- > 0) throw new Error('not now');
        seen.push(change);
        if (change.op === 't') over.resolve();
      },
      onUnreadable: async ({ offset }) => void unreadable.push(offset),
    });
    await over.promise;
    await consumer.stop();
    expect(seen.map(({ op, id }) => [op, id.at(-1)])).toEqual([
      ['c', '0'],
      ['u', '1'],
      ['p', '4'],
      ['t', '6'],
    ]);
    expect(new Set(unreadable).size).toBe(1);
  });
});

describe('the quick start in docs/consume.md', () => {
  let database: TestDatabase;
  let directory: string;
  beforeEach(async () => {
    database = await createTestDatabase();
    // Below the repository, whose package.json says what #libs is.
    await mkdir('.lakeloop', { recursive: true });
    directory = await mkdtemp('.lakeloop/quick-start-');
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
    await database.drop();
  });

  it('counts each order once, over a restart too', async () => {
    const code = /```ts\n(.*?)```/s.exec(await readFile('docs/consume.md', 'utf8'))?.[1] ?? '';
    const group = uniqueName('orders');
    const file = join(directory, 'orders.ts');
    await writeFile(file, code.replace('lakeloop.public.orders', topic).replace('orders-by-state', group));
    await publish(event(0, 'c', { id: 1, state: 'new' }), event(0, 'c', { id: 1, state: 'new' }));
    await runUntil(file, database.url, /:0$/);
    await publish(event(0, 'c', { id: 1, state: 'new' }), event(1, 'c', { id: 2, state: 'new' }));
    await runUntil(file, database.url, /:1$/);
    const { rows } = await database.client.query('select state, count from orders_by_state');
    expect(rows).toEqual([{ state: 'new', count: 2 }]);
  });
});

/** Runs the script until it prints a line like this, and lets it end. */
async function runUntil(file: string, databaseUrl: string, line: RegExp): Promise<void> {
  const env = { ...process.env, DATABASE_URL: databaseUrl, KAFKA_BROKERS: testBrokers().join(',') };
  const child = spawn(process.execPath, ['--disable-warning=TimeoutNegativeWarning', file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for await (const text of createInterface(child.stdout)) if (line.test(text)) child.kill('SIGTERM');
  expect(await ended).toBe(0);
}
