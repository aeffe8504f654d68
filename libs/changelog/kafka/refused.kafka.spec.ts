import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { createLogger } from '#libs/runtime/logger';
import { testBrokers } from '#libs/testing/kafka-server';
import { all, record, unique, values } from '../conformance/harness.ts';
import type { LogRecord } from '../change-log.ts';
import { KafkaChangeLog } from './kafka-change-log.ts';

let log: KafkaChangeLog;
beforeAll(() => {
  log = KafkaChangeLog.connect({ brokers: testBrokers(), clientId: 'test', logger: createLogger({ service: 'test', level: 'silent' }) });
});
afterAll(() => log.close());

/** A topic that takes little, as an operator may have made it. */
async function narrowTopic(): Promise<string> {
  const admin = new Kafka({ brokers: testBrokers(), logLevel: logLevel.NOTHING }).admin();
  const topic = unique('narrow');
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '100000' }] }] });
  await admin.disconnect();
  await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
  return topic;
}

const big = 'x'.repeat(150_000);

describe('a record that the broker never takes', () => {
  it('is replaced in its place, the rest of its batch and other topics untouched', async () => {
    const [topic, wide, letters] = [await narrowTopic(), unique('wide'), unique('letters')];
    for (const name of [wide, letters]) await log.ensureTopic(name, { partitions: 1, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer(unique('p'));
    const given = Array.from({ length: 40 }, (_, n) => record(topic, 'k', n === 7 || n === 33 ? big : `v${n}`));
    const refused = ({ key }: LogRecord): LogRecord[] => [record(letters, key?.toString() ?? '', 'letter'), record(topic, key?.toString() ?? '', 'marker')];
    await producer.append([...given, record(wide, 'k', big)], refused);
    await producer.append([record(topic, 'k', 'after')]);
    const expected = [...Array.from({ length: 40 }, (_, n) => (n === 7 || n === 33 ? 'marker' : `v${n}`)), 'after'];
    expect(values(await all(log.read(topic, 0, 0n)))).toEqual(expected);
    expect(values(await all(log.read(letters, 0, 0n)))).toEqual(['letter', 'letter']);
    expect(values(await all(log.read(wide, 0, 0n)))).toEqual([big]);
    await producer.close();
  });

  it('has its replacement written beside what went to the same topic in the same call', async () => {
    const [topic, letters] = [await narrowTopic(), unique('letters')];
    await log.ensureTopic(letters, { partitions: 1, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer(unique('p'));
    const refused = (): LogRecord[] => [record(letters, 'k', 'letter'), record(topic, 'k', 'marker')];
    for (const n of [1, 2]) await producer.append([record(topic, 'k', big), record(letters, 'k', `other ${n}`)], refused);
    expect(values(await all(log.read(letters, 0, 0n)))).toEqual(['other 1', 'letter', 'other 2', 'letter']);
    expect(values(await all(log.read(topic, 0, 0n)))).toEqual(['marker', 'marker']);
    await producer.close();
  });

  it('is asked for again when its replacement is refused too', async () => {
    const topic = await narrowTopic();
    const producer = await log.openProducer(unique('p'));
    await producer.append([record(topic, 'k', `${big}!`)], ({ value }) => [record(topic, 'k', value?.toString().endsWith('!') ? big : 'small')]);
    expect(values(await all(log.read(topic, 0, 0n)))).toEqual(['small']);
    await producer.close();
  });

  it('rejects the call when nothing stands for it, and the producer goes on', async () => {
    const topic = await narrowTopic();
    const producer = await log.openProducer(unique('p'));
    await expect(producer.append([record(topic, 'k', big)])).rejects.toMatchObject({ kind: 'invalid-input', message: expect.stringContaining(topic) });
    await producer.append([record(topic, 'k', 'after')]);
    expect(values(await all(log.read(topic, 0, 0n)))).toEqual(['after']);
    await producer.close();
  });
});
