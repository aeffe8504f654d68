import { describe, expect, it } from '@jest/globals';
import type { ChangeLog } from '../change-log.ts';
import { partitionOf } from '../murmur2.ts';
import { all, contents, inKeyOrder, numbered, record, unique, values, type ChangeLogHarness } from './harness.ts';

export function appendSuite(log: () => ChangeLog, harness: ChangeLogHarness): void {
  const newTopic = async (partitions = 3): Promise<string> => {
    const topic = unique('append');
    await log().ensureTopic(topic, { partitions, cleanup: 'delete', retentionMs: null });
    return topic;
  };

  describe('append', () => {
    it('puts a key where murmur2 says, a null key into partition 0, and keeps what it was given', async () => {
      const topic = await newTopic(5);
      const producer = await log().openProducer(unique('p'));
      const given = [record(topic, 'ä', 'value', { id: '1', name: 'é' }), record(topic, null, null), record(topic, 'b', ''), record(topic, '', '{}')];
      const before = Date.now();
      await producer.append(given);
      await producer.close();
      for (const item of given) {
        const partition = partitionOf(item.key, 5);
        const found = (await all(log().read(topic, partition, 0n))).find(({ key }) => (key === null ? item.key === null : item.key?.equals(key)));
        expect(found).toMatchObject({ topic, partition, headers: item.headers });
        expect(found?.value).toEqual(item.value);
        expect(Math.abs((found?.timestampMs ?? 0) - before)).toBeLessThan(60_000);
      }
    });

    it('keeps the order of a call and of one call after another, also when they are not awaited', async () => {
      const topic = await newTopic();
      const producer = await log().openProducer(unique('p'));
      await Promise.all(Array.from({ length: 40 }, (_, i) => producer.append(numbered(topic, 25, 7, i * 25))));
      await producer.close();
      const found = await contents(log(), topic);
      expect(found).toHaveLength(1_000);
      expect(inKeyOrder(found)).toBe(true);
    });

    it('writes many topics in one call', async () => {
      const topics = [await newTopic(), await newTopic(), await newTopic(1)];
      const producer = await log().openProducer(unique('p'));
      await producer.append(topics.flatMap((topic) => numbered(topic, 50, 10)));
      await producer.close();
      for (const topic of topics) expect(await contents(log(), topic)).toHaveLength(50);
    });

    it('takes a call of many megabytes', async () => {
      const topic = await newTopic();
      const producer = await log().openProducer(unique('p'));
      const big = 'x'.repeat(700_000);
      await producer.append(Array.from({ length: 12 }, (_, i) => record(topic, `k${i}`, big)));
      await producer.append(numbered(topic, 6_000, 11));
      await producer.close();
      expect(await contents(log(), topic)).toHaveLength(6_012);
    });

    it('does not keep the caller’s buffers', async () => {
      const topic = await newTopic(1);
      const producer = await log().openProducer(unique('p'));
      const value = Buffer.from('before');
      await producer.append([{ ...record(topic, 'k', null), value }]);
      value.write('after!');
      expect(values(await all(log().read(topic, 0, 0n)))).toEqual(['before']);
      await producer.close();
    });

    it('refuses a topic that does not exist', async () => {
      const producer = await log().openProducer(unique('p'));
      await expect(producer.append([record(unique('absent'), 'k', 'v')])).rejects.toMatchObject({ kind: 'misconfigured' });
      await producer.close();
    });
  });

  describe('fencing', () => {
    it('rejects an older producer of the same id, whose append writes nothing, in every topic', async () => {
      const [one, two] = [await newTopic(), await newTopic()];
      const id = unique('leader');
      const older = await log().openProducer(id);
      await older.append([record(one, 'k', 'old')]);
      const newer = await (await harness.another()).openProducer(id);
      for (const topic of [one, two]) await expect(older.append([record(topic, 'k', 'late')])).rejects.toMatchObject({ kind: 'fenced' });
      await newer.append([record(one, 'k', 'new')]);
      await expect(older.append([record(one, 'k', 'later')])).rejects.toMatchObject({ kind: 'fenced' });
      expect(values(await all(log().read(one, partitionOf(Buffer.from('k'), 3), 0n)))).toEqual(['old', 'new']);
      expect(await contents(log(), two)).toEqual([]);
      await Promise.all([older.close(), newer.close()]);
    });

    it('of a producer in full flight leaves a prefix, after which only the newer one writes', async () => {
      const topic = await newTopic(1);
      const id = unique('leader');
      const older = await log().openProducer(id);
      let fenced: unknown;
      let written = 0;
      const flight = (async () => {
        while (fenced === undefined) await older.append([record(topic, 'k', `old:${written++}`)]).catch((error: unknown) => (fenced = error));
      })();
      const newer = await (await harness.another()).openProducer(id);
      await newer.append([record(topic, 'k', 'new')]);
      await flight;
      expect(fenced).toMatchObject({ kind: 'fenced' });
      const found = values(await all(log().read(topic, 0, 0n)));
      expect(found.at(-1)).toBe('new');
      expect(found.slice(0, -1)).toEqual(Array.from({ length: found.length - 1 }, (_, i) => `old:${i}`));
      await Promise.all([older.close(), newer.close()]);
    });

    it('leaves producers of other ids alone', async () => {
      const topic = await newTopic(1);
      const [one, two] = [await log().openProducer(unique('a')), await log().openProducer(unique('b'))];
      await one.append([record(topic, 'k', '1')]);
      await two.append([record(topic, 'k', '2')]);
      await one.append([record(topic, 'k', '3')]);
      expect(values(await all(log().read(topic, 0, 0n)))).toEqual(['1', '2', '3']);
      await Promise.all([one.close(), two.close()]);
    });
  });
}
