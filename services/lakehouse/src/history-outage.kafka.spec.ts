import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaChangeLog } from '#libs/changelog/kafka/kafka-change-log';
import { createLogger } from '#libs/runtime/logger';
import { startKafka, type TestKafka } from '#libs/testing/kafka-server';
import { uniqueName } from '#libs/testing/postgres';
import { type Change, HistoryHarness } from './testing/history-harness.ts';

/** A broker of its own, which is killed and comes back on the same port and data. */
let kafka: TestKafka;
let lake: HistoryHarness;
beforeAll(async () => {
  kafka = await startKafka();
  const prefix = uniqueName('lake');
  const logger = createLogger({ service: 'test', level: 'silent' });
  const log = KafkaChangeLog.connect({ brokers: kafka.brokers.split(','), clientId: 'test', logger, fences: (topic) => topic.startsWith(prefix) });
  lake = await HistoryHarness.create({ log, prefix });
}, 120_000);
afterAll(async () => {
  await lake.close();
  await kafka.stop();
});

const COUNT = 4_000;
const change = (id: number): Change => ({ op: 'c', after: `{"id":${id}}`, key: `{"id":${id}}`, lsn: BigInt(id + 1) });

/** Appends until it is taken; a rejection may have written it, so changes may come twice, as capture publishes them. */
async function insist(changes: readonly Change[]): Promise<void> {
  for (;;) {
    try {
      return await lake.append(changes);
    } catch (error) {
      if ((error as { kind?: string }).kind !== 'dependency-unavailable') throw error;
    }
  }
}

describe('history from a broker that is killed', () => {
  it('has every change once when it is back', async () => {
    const feeds = await lake.run({ id: 'int4' }, { flushRows: 300 });
    const changes = Array.from({ length: COUNT }, (_, id) => change(id));
    for (let from = 0; from < COUNT / 2; from += 500) await insist(changes.slice(from, from + 500));
    // In the middle: some is in, some is not.
    const applied = (): bigint => feeds.tables[0]?.partitions[0]?.state.applied ?? 0n;
    await lake.eventually(async () => applied() > 0n);
    await kafka.kill();
    const rest = (async () => {
      for (let from = COUNT / 2; from < COUNT; from += 500) await insist(changes.slice(from, from + 500));
    })();
    await kafka.restart();
    await rest;
    await lake.settled(feeds);
    expect((await lake.history()).map(({ id }) => id)).toEqual(Array.from({ length: COUNT }, (_, id) => id));
  }, 240_000);
});
