import { describe, expect, it } from '@jest/globals';
import type { ChangeLog } from '../change-log.ts';
import { partitionOf } from '../murmur2.ts';
import { Collector, contents, Gate, inKeyOrder, numbered, record, unique, values } from './harness.ts';

export function readerSuite(log: () => ChangeLog): void {
  const newTopic = async (partitions = 3): Promise<string> => {
    const topic = unique('reader');
    await log().ensureTopic(topic, { partitions, cleanup: 'delete', retentionMs: null });
    return topic;
  };
  const append = async (...records: Parameters<Awaited<ReturnType<ChangeLog['openProducer']>>['append']>[0]): Promise<void> => {
    const producer = await log().openProducer(unique('p'));
    await producer.append(records);
    await producer.close();
  };

  describe('a reader without a group', () => {
    it('sees everything from the start, whoever else reads, and commits nothing', async () => {
      const topic = await newTopic();
      await append(...numbered(topic, 500, 9));
      const [one, two] = [new Collector(), new Collector()];
      const subscriptions = await Promise.all([one, two].map((collector) => log().subscribe(collector.options([topic]))));
      await append(...numbered(topic, 500, 9, 500));
      await Promise.all([one.count(1_000), two.count(1_000)]);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      for (const { records } of [one, two]) {
        expect(records).toHaveLength(1_000);
        expect(inKeyOrder(records)).toBe(true);
      }
    });

    it('from latest sees exactly what is appended after subscribe has resolved', async () => {
      const topic = await newTopic();
      await append(...numbered(topic, 20, 5));
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([topic], { from: 'latest' }));
      await append(...numbered(topic, 10, 5, 20));
      await collector.count(10);
      await subscription.close();
      expect(values(collector.records).toSorted()).toEqual(
        numbered(topic, 10, 5, 20)
          .map(({ value }) => String(value))
          .toSorted(),
      );
    });

    it('starts at the positions it names', async () => {
      const topic = await newTopic(2);
      const key = ['a', 'b', 'c', 'd'].find((text) => partitionOf(Buffer.from(text), 2) === 1)!;
      await append(...[0, 1, 2, 3].map((n) => record(topic, key, String(n))), record(topic, null, 'zero'));
      const stored = await contents(log(), topic);
      const offsetOf = (value: string): bigint => stored.find((item) => item.value?.toString() === value)!.offset;
      const collector = new Collector();
      const from = [
        { topic, partition: 1, offset: offsetOf('2') },
        { topic, partition: 0, offset: offsetOf('zero') + 1n },
      ];
      const subscription = await log().subscribe(collector.options([topic], { from }));
      await collector.count(2);
      await append(record(topic, null, 'next'));
      await collector.count(3);
      await subscription.close();
      expect(values(collector.records)).toEqual(['2', '3', 'next']);
      expect(collector.records[0]?.offset).toBe(offsetOf('2'));
    });

    it('is told that a position beyond the end does not exist', async () => {
      const topic = await newTopic(1);
      await append(record(topic, 'k', '0'));
      const subscribed = log().subscribe(
        new Collector().options([topic], { from: [{ topic, partition: 0, offset: (await log().bounds(topic))[0]!.next + 1n }] }),
      );
      await expect(subscribed).rejects.toMatchObject({ kind: 'position-lost' });
    });

    it('is joined by a topic that appears later, from its first record', async () => {
      const [present, later] = [await newTopic(1), unique('later')];
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([present, later], { from: 'latest' }));
      await log().ensureTopic(later, { partitions: 2, cleanup: 'delete', retentionMs: null });
      await append(...numbered(later, 10, 3), record(present, 'k', 'p'));
      await collector.count(11);
      await subscription.close();
      expect(collector.records.filter(({ topic }) => topic === later)).toHaveLength(10);
    });

    it('has one batch of a partition in hand at a time, and other partitions do not wait for it', async () => {
      const topic = await newTopic(2);
      const key = ['a', 'b', 'c', 'd'].find((text) => partitionOf(Buffer.from(text), 2) === 1)!;
      const collector = new Collector();
      const gate = new Gate();
      let inHand = 0;
      let most = 0;
      const onBatch = async (batch: Parameters<Collector['onBatch']>[0]): Promise<void> => {
        if (batch.partition === 1) {
          inHand += 1;
          most = Math.max(most, inHand);
          await gate.pass();
          inHand -= 1;
        }
        await collector.onBatch(batch);
      };
      const subscription = await log().subscribe(collector.options([topic], { onBatch }));
      await append(record(topic, key, '0'));
      await gate.reached;
      for (let i = 1; i < 20; i += 1) await append(record(topic, key, String(i)), record(topic, null, 'free'));
      await collector.until(() => collector.records.filter(({ partition }) => partition === 0).length === 19);
      expect(collector.records.every(({ partition }) => partition === 0)).toBe(true);
      gate.open();
      await collector.count(39);
      await subscription.close();
      expect(most).toBe(1);
      expect(values(collector.records.filter(({ partition }) => partition === 1))).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    });

    it('gets a batch that it rejected again, whole and before what follows', async () => {
      const topic = await newTopic(1);
      await append(...['0', '1', '2'].map((n) => record(topic, 'k', n)));
      const collector = new Collector();
      const seen: (string | null)[][] = [];
      const onBatch = async (batch: Parameters<Collector['onBatch']>[0]): Promise<void> => {
        seen.push(values(batch.records));
        if (seen.length <= 2) throw new Error('not now');
        await collector.onBatch(batch);
      };
      const subscription = await log().subscribe(collector.options([topic], { onBatch }));
      await collector.count(3);
      await append(record(topic, 'k', '3'));
      await collector.count(4);
      await subscription.close();
      expect(values(collector.records)).toEqual(['0', '1', '2', '3']);
      expect(seen[1]?.slice(0, seen[0]?.length)).toEqual(seen[0]);
      expect(collector.failures).toHaveLength(2);
    });

    it('takes no more once closed, and closing waits for the batch in hand', async () => {
      const topic = await newTopic(1);
      const gate = new Gate();
      const collector = new Collector();
      const onBatch = async (batch: Parameters<Collector['onBatch']>[0]): Promise<void> => {
        await gate.pass();
        await collector.onBatch(batch);
      };
      const subscription = await log().subscribe(collector.options([topic], { onBatch }));
      await append(record(topic, 'k', '0'));
      await gate.reached;
      const closed = subscription.close().then(() => values(collector.records));
      await append(record(topic, 'k', '1'));
      gate.open();
      expect(await closed).toEqual(['0']);
      expect(values(collector.records)).toEqual(['0']);
    });
  });
}
