import { describe, expect, it } from '@jest/globals';
import type { Batch, ChangeLog, LogRecord } from '../change-log.ts';
import { Collector, Gate, inKeyOrder, numbered, positionsAfter, record, unique, values, type ChangeLogHarness } from './harness.ts';

export function groupSuite(log: () => ChangeLog, harness: ChangeLogHarness): void {
  const newTopic = async (partitions = 4): Promise<string> => {
    const topic = unique('group');
    await log().ensureTopic(topic, { partitions, cleanup: 'delete', retentionMs: null });
    return topic;
  };
  const append = async (records: readonly LogRecord[]): Promise<void> => {
    const producer = await log().openProducer(unique('p'));
    await producer.append(records);
    await producer.close();
  };

  describe('a consumer group', () => {
    it('has no offsets before it reads, commits them after onBatch, and goes on from there', async () => {
      const [topic, group] = [await newTopic(), unique('g')];
      expect(await log().committed(group, topic)).toEqual([null, null, null, null]);
      await append(numbered(topic, 100, 7));
      const first = new Collector();
      const subscription = await log().subscribe(first.options([topic], { group }));
      await first.count(100);
      await subscription.close();
      expect(await log().committed(group, topic)).toEqual(positionsAfter(first.records, 4));
      await append(numbered(topic, 50, 7, 100));
      const second = new Collector();
      const again = await log().subscribe(second.options([topic], { group, from: 'latest' }));
      await second.count(50);
      await again.close();
      expect(second.records).toHaveLength(50);
      expect(inKeyOrder([...first.records, ...second.records])).toBe(true);
    });

    it('from latest keeps its place from the moment subscribe resolves, even if it takes nothing', async () => {
      const [topic, group] = [await newTopic(), unique('g')];
      await append(numbered(topic, 20, 7));
      await (await log().subscribe(new Collector().options([topic], { group, from: 'latest' }))).close();
      await append(numbered(topic, 10, 7, 20));
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([topic], { group, from: 'latest' }));
      await collector.count(10);
      await subscription.close();
      expect(collector.records).toHaveLength(10);
    });

    it('shares the partitions: a record goes to one member', async () => {
      const [topic, group] = [await newTopic(), unique('g')];
      const members = [new Collector(), new Collector()];
      const logs = [log(), await harness.another()];
      const subscriptions = await Promise.all(members.map((member, i) => logs[i]!.subscribe(member.options([topic], { group }))));
      const joint = new Collector();
      const reader = await log().subscribe(joint.options([topic]));
      // Members join in their own time: append until both have had something, then one known round.
      let appended = 0;
      while (members.some(({ records }) => records.length === 0)) {
        await append(numbered(topic, 40, 20, appended));
        appended += 40;
        await joint.count(appended);
      }
      const has = (): number => new Set(members.flatMap(({ records }) => records.map(({ partition, offset }) => `${partition}/${offset}`))).size;
      await Promise.all(
        members.map((member) => Promise.race([member.until(() => has() === appended), members[1 - members.indexOf(member)]!.until(() => has() === appended)])),
      );
      await Promise.all([...subscriptions, reader].map((subscription) => subscription.close()));
      expect(await log().committed(group, topic)).toEqual(positionsAfter(joint.records, 4));
    });

    it('loses nothing when members join and leave in mid-stream', async () => {
      const [topic, group] = [await newTopic(), unique('g')];
      const seen = new Collector();
      const member = (): ReturnType<ChangeLog['subscribe']> => log().subscribe(seen.options([topic], { group }));
      const first = await member();
      await append(numbered(topic, 200, 10));
      const second = await member();
      await append(numbered(topic, 200, 10, 200));
      await first.close();
      await append(numbered(topic, 200, 10, 400));
      const distinct = (): number => new Set(seen.records.map(({ partition, offset }) => `${partition}/${offset}`)).size;
      await seen.until(() => distinct() === 600);
      await second.close();
      expect(await log().committed(group, topic)).toEqual(positionsAfter(seen.records, 4));
    });

    it('does not commit a batch whose handler failed, and gets it again', async () => {
      const [topic, group] = [await newTopic(1), unique('g')];
      await append(numbered(topic, 5, 1));
      const collector = new Collector();
      const failing = await log().subscribe(collector.options([topic], { group, onBatch: () => Promise.reject(new Error('no')) }));
      await collector.until(() => collector.failures.length >= 2);
      await failing.close();
      expect(await log().committed(group, topic)).toEqual([null]);
      const working = await log().subscribe(collector.options([topic], { group }));
      await collector.count(5);
      await working.close();
      expect(values(collector.records)).toEqual(['k0:0', 'k0:1', 'k0:2', 'k0:3', 'k0:4']);
    });

    it('finishes and commits the batch in hand when it closes', async () => {
      const [topic, group, gate] = [await newTopic(1), unique('g'), new Gate()];
      const collector = new Collector();
      const onBatch = async (batch: Batch): Promise<void> => {
        await gate.pass();
        await collector.onBatch(batch);
      };
      const subscription = await log().subscribe(collector.options([topic], { group, onBatch }));
      await append([record(topic, 'k', '0')]);
      await gate.reached;
      let closed = false;
      const closing = subscription.close().then(() => (closed = true));
      await log().ping();
      expect(closed).toBe(false);
      gate.open();
      await closing;
      expect(await log().committed(group, topic)).toEqual(positionsAfter(collector.records, 1));
    });

    it('is joined by a topic that appears later', async () => {
      const [present, later, group] = [await newTopic(1), unique('later'), unique('g')];
      const collector = new Collector();
      const subscription = await log().subscribe(collector.options([present, later], { group, from: 'latest' }));
      await log().ensureTopic(later, { partitions: 2, cleanup: 'delete', retentionMs: null });
      await append([...numbered(later, 10, 3), record(present, 'k', 'p')]);
      await collector.until(() => new Set(collector.records.map(({ topic, partition, offset }) => `${topic}/${partition}/${offset}`)).size === 11);
      await subscription.close();
    });

    it('refuses explicit positions', async () => {
      const topic = await newTopic(1);
      const subscribed = log().subscribe(new Collector().options([topic], { group: unique('g'), from: [{ topic, partition: 0, offset: 0n }] }));
      await expect(subscribed).rejects.toMatchObject({ kind: 'misconfigured' });
    });
  });
}
