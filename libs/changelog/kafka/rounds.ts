import type { LogRecord } from '../change-log.ts';

/** Records of one partition that go in one batch. */
export interface PartitionBatch {
  topic: string;
  partition: number;
  records: LogRecord[];
}

/** A broker's default limit is 1 MiB a batch; what encoding adds stays below this. */
export const BATCH_BYTES = 900_000;
/** What one request may carry in all. */
const ROUND_BYTES = 8 * 1024 * 1024;
const RECORD_OVERHEAD = 40;

function sizeOf(record: LogRecord): number {
  let size = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const name in record.headers) size += name.length + record.headers[name]!.length * 3 + 10;
  return size;
}

/**
 * Splits records, in order, into rounds: a round has at most one batch a partition, so that one request in flight keeps the
 * partition's order. A record of a partition never goes into an earlier round than the one before it.
 */
export function planRounds(records: readonly LogRecord[], partitionOf: (record: LogRecord) => number): PartitionBatch[][] {
  const rounds: { batches: Map<string, PartitionBatch & { bytes: number }>; bytes: number }[] = [];
  const current = new Map<string, number>();
  for (const record of records) {
    const partition = partitionOf(record);
    const place = `${record.topic}/${partition}`;
    const bytes = sizeOf(record);
    let index = current.get(place) ?? 0;
    const fits = (round: (typeof rounds)[number]): boolean => {
      const batch = round.batches.get(place);
      return round.bytes === 0 || (round.bytes + bytes <= ROUND_BYTES && (batch === undefined || batch.bytes + bytes <= BATCH_BYTES));
    };
    while (rounds[index] && !fits(rounds[index]!)) index += 1;
    const round = (rounds[index] ??= { batches: new Map(), bytes: 0 });
    const batch = round.batches.get(place) ?? { topic: record.topic, partition, records: [], bytes: 0 };
    batch.records.push(record);
    batch.bytes += bytes;
    round.bytes += bytes;
    round.batches.set(place, batch);
    current.set(place, index);
  }
  return rounds.map(({ batches }) => [...batches.values()]);
}
