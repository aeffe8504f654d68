import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LogRecord } from '../change-log.ts';
import { BATCH_BYTES, planRounds } from './rounds.ts';

const arbitraryRecord = fc.record({
  topic: fc.constantFrom('a', 'b'),
  partition: fc.nat(3),
  size: fc.oneof(fc.nat(1_000), fc.constantFrom(500_000, 1_200_000)),
});

describe('planRounds', () => {
  it('keeps every record once, each partition in order, one batch a partition and round, within the broker’s limit', () => {
    const big = Buffer.alloc(1_200_000);
    fc.assert(
      fc.property(fc.array(arbitraryRecord, { maxLength: 60 }), (items) => {
        const records: LogRecord[] = items.map(({ topic, size }, i) => ({
          topic,
          key: Buffer.from(String(i)),
          value: big.subarray(0, size),
          headers: { n: String(i) },
        }));
        const rounds = planRounds(records, ({ key }) => items[Number(key)]!.partition);
        for (const round of rounds) expect(new Set(round.map(({ topic, partition }) => `${topic}/${partition}`)).size).toBe(round.length);
        for (const { records: batch } of rounds.flat())
          expect(batch.length === 1 || batch.reduce((sum, { value }) => sum + value!.length, 0) <= BATCH_BYTES).toBe(true);
        const order = rounds.flatMap((round) =>
          round.flatMap((batch) => batch.records.map(({ headers }) => ({ place: `${batch.topic}/${batch.partition}`, n: Number(headers['n']) }))),
        );
        expect(order.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(items.map((_, i) => i));
        for (const [, placed] of Map.groupBy(order, ({ place }) => place))
          expect(placed.map(({ n }) => n)).toEqual(placed.map(({ n }) => n).toSorted((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });
});
