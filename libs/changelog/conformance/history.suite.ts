import { describe, expect, it } from '@jest/globals';
import type { ChangeLog, LogRecord } from '../change-log.ts';
import { all, Collector, numbered, record, unique, values, type ChangeLogHarness } from './harness.ts';

export function historySuite(log: () => ChangeLog, harness: ChangeLogHarness): void {
  const append = async (records: readonly LogRecord[]): Promise<void> => {
    const producer = await log().openProducer(unique('p'));
    await producer.append(records);
    await producer.close();
  };
  const newTopic = async (cleanup: 'delete' | 'compact', retentionMs: number | null): Promise<string> => {
    const topic = unique('history');
    await log().ensureTopic(topic, { partitions: 1, cleanup, retentionMs });
    return topic;
  };

  describe('read', () => {
    it('gives one partition from an offset to its end at the time of the call', async () => {
      const topic = await newTopic('delete', null);
      await append(numbered(topic, 2_500, 3));
      const found = all(log().read(topic, 0, 10n));
      const records = await found;
      expect(records.map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 2_490 }, (_, i) => i + 10));
      expect(await all(log().read(topic, 0, 2_500n))).toEqual([]);
    });

    it('rejects an offset beyond the end', async () => {
      const topic = await newTopic('delete', null);
      await expect(all(log().read(topic, 0, 1n))).rejects.toMatchObject({ kind: 'position-lost' });
    });
  });

  describe('retention', () => {
    it('takes the oldest records; offsets go on, and a reader below them is told instead of skipped', async () => {
      const topic = await newTopic('delete', 150);
      const group = unique('g');
      const taken = new Collector();
      await append(numbered(topic, 5, 1));
      const early = await log().subscribe(taken.options([topic], { group }));
      await taken.count(5);
      await early.close();
      await append(numbered(topic, 5, 1, 5));
      await harness.expire(topic);
      expect(await log().bounds(topic)).toEqual([{ partition: 0, earliest: 10n, next: 10n }]);
      const start = [{ topic, partition: 0, offset: 3n }];
      await expect(log().subscribe(new Collector().options([topic], { from: start }))).rejects.toMatchObject({ kind: 'position-lost' });
      await expect(all(log().read(topic, 0, 3n))).rejects.toMatchObject({ kind: 'position-lost' });
      const late = new Collector();
      const groupAgain = await log().subscribe(late.options([topic], { group }));
      await append([record(topic, 'k', 'after')]);
      await late.count(1);
      await groupAgain.close();
      expect(late.records.map(({ offset }) => offset)).toEqual([10n]);
      expect(late.failures).toEqual([expect.objectContaining({ kind: 'position-lost' })]);
    });
  });

  describe('compaction', () => {
    it('keeps the newest record of each key, at its offset and in order', async () => {
      const topic = await newTopic('compact', null);
      await append(numbered(topic, 60, 3));
      await append([record(topic, 'k1', null)]);
      await append([record(topic, 'last', 'x')]);
      await harness.compact(topic, 4);
      const found = (await all(log().read(topic, 0, 0n))).filter(({ key }) => key?.toString() !== 'filler');
      expect(found.map(({ key, value, offset }) => [key?.toString(), value?.toString() ?? null, Number(offset)])).toEqual([
        ['k0', 'k0:19', 57],
        ['k2', 'k2:19', 59],
        ['k1', null, 60],
        ['last', 'x', 61],
      ]);
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([topic], { from: [{ topic, partition: 0, offset: 20n }] }));
      await collector.until(() => values(collector.records).includes('x'));
      await subscription.close();
      const offsets = collector.records.map(({ offset }) => Number(offset));
      expect(offsets).toEqual(expect.arrayContaining([57, 59, 60, 61]));
      expect(offsets).toEqual(offsets.filter((offset) => offset >= 20).toSorted((a, b) => a - b));
    });

    it('refuses a record without a key', async () => {
      const topic = await newTopic('compact', null);
      await expect(append([record(topic, null, 'x')])).rejects.toMatchObject({ kind: 'invalid-input' });
    });
  });
}
