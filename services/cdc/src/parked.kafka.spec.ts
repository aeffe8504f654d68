import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { testBrokers } from '#libs/testing/kafka-server';
import type { CdcHarness } from './testing/cdc-harness.ts';
import { kafkaHarness } from './testing/kafka-harness.ts';

let cdc: CdcHarness;
beforeEach(async () => void (cdc = await kafkaHarness()));
afterEach(() => cdc.close());

/** A table's topic as an operator may have made it, with a limit of its own. */
async function narrowTopic(topic: string): Promise<void> {
  const admin = new Kafka({ brokers: testBrokers(), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '100000' }] }] });
  await admin.disconnect();
}

describe('capture into Kafka', () => {
  it('parks a record that is over the limit of its topic, whole, and publishes the rest of the batch in order', async () => {
    await narrowTopic(`${cdc.prefix}.public.t`);
    await cdc.sql('create table t (id int primary key, v text)');
    await cdc.streaming();
    // Compressed, it is over the limit too.
    const noise = `(select string_agg(md5(m::text), '') from generate_series(1, 10000) m)`;
    await cdc.sql(`insert into t select n, case when n = 700 then ${noise} else 'v' end from generate_series(1, 1000) n`);
    // The mark has a topic of its own, and topics keep no order among each other.
    await cdc.until('public.t', ({ after }) => after?.['id'] === 1_000);
    const events = await cdc.published('public.t');
    expect(events.map(({ key }) => (key as { id: number }).id)).toEqual(Array.from({ length: 1_000 }, (_, n) => n + 1));
    expect(events.filter(({ op }) => op !== 'c').map(({ op, key, headers }) => [op, key, headers['parked']])).toEqual([['p', { id: 700 }, 'record-too-large']]);
    const after = { id: 700, v: expect.stringMatching(/^[\da-f]{320000}$/) };
    expect(await cdc.events(`${cdc.prefix}.__dlq`)).toEqual([
      expect.objectContaining({ id: events[699]?.id, op: 'c', after, source: expect.objectContaining({ table: 't' }) }),
    ]);
  });

  it('publishes a row of 20 MB whole', async () => {
    await cdc.sql('create table t (id int primary key, v text)');
    await cdc.streaming();
    await cdc.sql(`insert into t values (1, repeat('x', 20 * 1024 * 1024)), (2, 'small')`);
    const events = await cdc.published('public.t');
    expect(events.map(({ op, after }) => [op, (after as { v: string }).v.length])).toEqual([
      ['c', 20 * 1024 * 1024],
      ['c', 5],
    ]);
  });
});
