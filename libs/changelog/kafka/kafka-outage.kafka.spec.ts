import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { startKafka, type TestKafka } from '#libs/testing/kafka-server';
import type { Producer } from '../change-log.ts';
import { Collector, contents, record, unique, values } from '../conformance/harness.ts';
import { KafkaChangeLog } from './kafka-change-log.ts';

/** A broker of its own, which is killed and comes back on the same port and data. */
describe('the Kafka change log without its broker', () => {
  let kafka: TestKafka;
  let log: KafkaChangeLog;
  beforeAll(async () => {
    kafka = await startKafka();
    log = KafkaChangeLog.connect({
      brokers: kafka.brokers.split(','),
      clientId: 'outage',
      logger: createLogger({ service: 'test', level: process.env['LAKELOOP_TEST_LOG'] ?? 'silent' }),
    });
  }, 120_000);
  afterAll(async () => {
    await log.close();
    await kafka.stop();
  });

  /** Appends until it is taken; a rejection may have written it, so it may come twice. */
  const insist = async (producer: Producer, topic: string, value: string): Promise<unknown[]> => {
    const failures: unknown[] = [];
    for (;;) {
      try {
        await producer.append([record(topic, 'k', value)]);
        return failures;
      } catch (error) {
        failures.push(error);
      }
    }
  };

  it('rejects appends as unavailable, and everything goes on by itself when it is back', async () => {
    const topic = unique('outage');
    await log.ensureTopic(topic, { partitions: 2, cleanup: 'delete', retentionMs: null });
    const producer = await log.openProducer('outage');
    const [reader, member] = [new Collector(), new Collector()];
    const subscriptions = [await log.subscribe(reader.options([topic])), await log.subscribe(member.options([topic], { group: unique('g') }))];
    await producer.append([record(topic, 'k', 'before')]);
    await Promise.all([reader.count(1), member.count(1)]);

    await kafka.kill();
    const down = await producer.append([record(topic, 'k', 'during')]).catch((error: unknown) => error);
    expect(down).toMatchObject({ kind: 'dependency-unavailable' });
    await expect(log.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    await kafka.restart();

    const failures = await insist(producer, topic, 'after');
    expect(failures.every((error) => (error as { kind?: string }).kind === 'dependency-unavailable')).toBe(true);
    const seen = (collector: Collector): Promise<void> => collector.until(() => values(collector.records).includes('after'));
    await Promise.all([seen(reader), seen(member)]);
    expect(values(reader.records)).toEqual(values(await contents(log, topic)));
    await log.ping();
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await producer.close();
  }, 240_000);

  it('keeps a fenced producer fenced over a restart of the broker', async () => {
    const topic = unique('outage');
    await log.ensureTopic(topic, { partitions: 1, cleanup: 'delete', retentionMs: null });
    const older = await log.openProducer('leader');
    await older.append([record(topic, 'k', 'old')]);
    const newer = await log.openProducer('leader');
    await newer.append([record(topic, 'k', 'new')]);
    await kafka.kill();
    await kafka.restart();
    let last: unknown;
    while ((last as { kind?: string } | undefined)?.kind !== 'fenced')
      last = await older.append([record(topic, 'k', 'late')]).then(
        () => Promise.reject(new Error('written')),
        (error: unknown) => error,
      );
    await insist(newer, topic, 'newer');
    expect(values(await contents(log, topic))).toEqual(expect.arrayContaining(['old', 'new', 'newer']));
    expect(values(await contents(log, topic))).not.toContain('late');
    await Promise.all([older.close(), newer.close()]);
  }, 240_000);
});
