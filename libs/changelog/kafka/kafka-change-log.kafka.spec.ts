import { createLogger } from '#libs/runtime/logger';
import { testBrokers } from '#libs/testing/kafka-server';
import { Kafka, logLevel } from 'kafkajs';
import { setTimeout as delay } from 'node:timers/promises';
import { describeChangeLog } from '../change-log.conformance.ts';
import { all, record, unique } from '../conformance/harness.ts';
import { KafkaChangeLog } from './kafka-change-log.ts';

const logger = createLogger({ service: 'test', level: process.env['LAKELOOP_TEST_LOG'] ?? 'silent' });
const connect = (): KafkaChangeLog => KafkaChangeLog.connect({ brokers: testBrokers(), clientId: 'test', logger });

let log: KafkaChangeLog;
let other: KafkaChangeLog;
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

describeChangeLog('Kafka', {
  start: async () => {
    other = connect();
    log = connect();
    return log;
  },
  another: async () => other,
  expire: async (topic) => {
    await until(async () => (await log.bounds(topic)).every(({ earliest, next }) => earliest === next));
  },
  // Only closed segments are compacted: let them close at once, and write on until the cleaner has been over the rest.
  compact: async (topic, keys) => {
    const admin = new Kafka({ brokers: testBrokers(), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = Object.entries({
      'cleanup.policy': 'compact',
      'segment.ms': '1',
      'min.cleanable.dirty.ratio': '0.001',
      'delete.retention.ms': '86400000',
    }).map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] });
    await admin.disconnect();
    const producer = await log.openProducer(unique('filler'));
    await until(async () => {
      await producer.append([record(topic, 'filler', 'x')]);
      return (await all(log.read(topic, 0, 0n))).filter(({ key }) => key?.toString() !== 'filler').length === keys;
    });
    await producer.close();
  },
  stop: async () => {
    await log.close();
    await other.close();
  },
});
