import { Reader, readRecordsBatch } from '@platformatic/kafka';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LogRecord } from '../change-log.ts';
import { COMPRESSIONS } from './compression.ts';
import { BATCH_HEADER_BYTES, encodeBatch, recordSize } from './record-batch.ts';

const bytes = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
);
const record = fc.record({
  topic: fc.constant('t'),
  key: bytes,
  value: bytes,
  headers: fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 200 }), { maxKeys: 5 }),
});
const identity = fc.record({ id: fc.bigInt({ min: 0n, max: 2n ** 62n }), epoch: fc.nat({ max: 32_767 }) });

describe('a record batch', () => {
  it('is read back by another implementation as it was, compressed or not, within the size that was announced', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 200 }),
        identity,
        fc.nat({ max: 2 ** 31 - 1 }),
        fc.constantFrom(...COMPRESSIONS),
        (records: LogRecord[], by, sequence, compression) => {
          const size = records.reduce((sum, each) => sum + recordSize(each), 0);
          const batch = encodeBatch(records, Buffer.alloc(BATCH_HEADER_BYTES + size, 0xff), { identity: by, sequence, nowMs: 1_700_000_000_123, compression });
          if (compression === 'none') expect(batch.length).toBeLessThanOrEqual(BATCH_HEADER_BYTES + size);
          const read = readRecordsBatch(Reader.from(batch));
          expect(read).toMatchObject({
            firstOffset: 0n,
            length: batch.length - 12,
            magic: 2,
            lastOffsetDelta: records.length - 1,
            firstTimestamp: 1_700_000_000_123n,
            maxTimestamp: 1_700_000_000_123n,
            producerId: by.id,
            producerEpoch: by.epoch,
            firstSequence: sequence,
          });
          expect(
            read.records.map(({ key, value, headers, offsetDelta }) => [offsetDelta, hex(key), hex(value), headers.map((pair) => pair.map(String))]),
          ).toEqual(records.map(({ key, value, headers }, index) => [index, hex(key), hex(value), Object.entries(headers)]));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function hex(buffer: Buffer | null | undefined): string | null {
  return buffer?.toString('hex') ?? null;
}
