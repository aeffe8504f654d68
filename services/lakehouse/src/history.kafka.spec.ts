import { afterEach, describe, expect, it } from '@jest/globals';
import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { createLogger } from '#libs/runtime/logger';
import { testBrokers } from '#libs/testing/kafka-server';
import { uniqueName } from '#libs/testing/postgres';
import { HistoryHarness } from './testing/history-harness.ts';

let lake: HistoryHarness;
afterEach(() => lake.close());

describe('history from Kafka', () => {
  it('is whole and nothing twice, with two instances that take turns', async () => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    const prefix = uniqueName('lake');
    lake = await HistoryHarness.create({
      log: KafkaChangeLog.connect({ brokers: testBrokers(), clientId: 'test', logger, fences: (topic) => topic.startsWith(prefix) }),
      prefix,
    });
    const one = await lake.run({ id: 'int4' }, {}, 'a');
    const two = await lake.run({ id: 'int4' }, {}, 'b');
    const put = (from: number): Promise<void> =>
      lake.append(Array.from({ length: 500 }, (_, index) => ({ op: 'c' as const, after: `{"id":${from + index}}`, key: `{"id":${from + index}}` })));
    for (let from = 0; from < 2_000; from += 500) await put(from);
    await lake.settled(two);
    // Another's producer that opens leaves a marker, an offset without a record.
    await (await lake.log.openProducer(`${prefix}-other`)).close();
    await lake.settled(two);
    await one.drain();
    for (let from = 2_000; from < 4_000; from += 500) await put(from);
    await lake.settled(two);
    expect((await lake.history()).map(({ id }) => id)).toEqual(Array.from({ length: 4_000 }, (_, index) => index));
  }, 60_000);
});
