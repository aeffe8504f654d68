import { describe, expect, it } from '@jest/globals';
import type { ChangeLog, LogRecord, StoredRecord } from '../change-log.ts';
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
      const everything = await all(log().read(topic, 0, 0n));
      expect(values(everything)).toEqual(numbered(topic, 2_500, 3).map(({ value }) => String(value)));
      expect(everything.every(({ offset }, i) => i === 0 || offset > everything[i - 1]!.offset)).toBe(true);
      const rest = log().read(topic, 0, everything[10]!.offset);
      const iterator = rest[Symbol.asyncIterator]();
      const first = await iterator.next();
      await append(numbered(topic, 5, 3, 2_500));
      const read = [first.value as StoredRecord];
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) read.push(next.value);
      expect(read).toEqual(everything.slice(10));
      expect(await all(log().read(topic, 0, (await log().bounds(topic))[0]!.next))).toEqual([]);
    });

    it('rejects an offset beyond the end', async () => {
      const topic = await newTopic('delete', null);
      const [end] = await log().bounds(topic);
      await expect(all(log().read(topic, 0, end!.next + 1n))).rejects.toMatchObject({ kind: 'position-lost' });
    });
  });

  describe('retention', () => {
    it('takes the oldest records; offsets go on, and a reader below them is told instead of skipped', async () => {
      const topic = await newTopic('delete', 1_000);
      const group = unique('g');
      const taken = new Collector();
      const early = await log().subscribe(taken.options([topic], { group }));
      await append(numbered(topic, 5, 1));
      await taken.count(5);
      await early.close();
      await append(numbered(topic, 5, 1, 5));
      await harness.expire(topic);
      const [bounds] = await log().bounds(topic);
      expect(bounds!.earliest).toBe(bounds!.next);
      expect(bounds!.next).toBeGreaterThanOrEqual(10n);
      const start = [{ topic, partition: 0, offset: 3n }];
      await expect(log().subscribe(new Collector().options([topic], { from: start }))).rejects.toMatchObject({ kind: 'position-lost' });
      await expect(all(log().read(topic, 0, 3n))).rejects.toMatchObject({ kind: 'position-lost' });
      const late = new Collector();
      const groupAgain = await log().subscribe(late.options([topic], { group }));
      await append([record(topic, 'k', 'after')]);
      await late.count(1);
      await groupAgain.close();
      expect(values(late.records)).toEqual(['after']);
      expect(late.records[0]!.offset).toBeGreaterThanOrEqual(bounds!.next);
      expect(late.failures).toEqual([expect.objectContaining({ kind: 'position-lost' })]);
    });
  });

  describe('compaction', () => {
    it('keeps the newest record of each key, at its offset and in order', async () => {
      const topic = await newTopic('compact', null);
      await append(numbered(topic, 60, 3));
      await append([record(topic, 'k1', null)]);
      await append([record(topic, 'last', 'x')]);
      const [start] = await log().bounds(topic);
      await harness.compact(topic, 4);
      const found = (await all(log().read(topic, 0, 0n))).filter(({ key }) => key?.toString() !== 'filler');
      expect(found.map(({ key, value }) => [key?.toString(), value?.toString() ?? null])).toEqual([
        ['k0', 'k0:19'],
        ['k2', 'k2:19'],
        ['k1', null],
        ['last', 'x'],
      ]);
      // 57 records were before it, and it has not moved down to where they were.
      expect(found[0]!.offset).toBeGreaterThanOrEqual(start!.earliest + 57n);
      const position = start!.earliest + 20n;
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([topic], { from: [{ topic, partition: 0, offset: position }] }));
      await collector.until(() => values(collector.records).includes('x'));
      await subscription.close();
      const offsets = collector.records.map(({ offset }) => offset);
      expect(offsets).toEqual(expect.arrayContaining(found.map(({ offset }) => offset)));
      expect(offsets.every((offset, n) => offset >= position && (n === 0 || offset > offsets[n - 1]!))).toBe(true);
    });

    it('refuses a record without a key', async () => {
      const topic = await newTopic('compact', null);
      await expect(append([record(topic, null, 'x')])).rejects.toMatchObject({ kind: 'invalid-input' });
    });
  });
}
