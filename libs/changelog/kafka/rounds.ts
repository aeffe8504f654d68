import type { LogRecord } from '../change-log.ts';
import { recordSize } from './record-batch.ts';

/** Records of one partition that go in one batch. */
export interface PartitionBatch {
  topic: string;
  partition: number;
  records: LogRecord[];
  /** Sum of their `recordSize`. */
  bytes: number;
}

/** A broker's default limit is 1 MiB a batch; what encoding adds stays below this. */
export const BATCH_BYTES = 900_000;
/** What one request may carry in all. */
const ROUND_BYTES = 8 * 1024 * 1024;

interface Round {
  batches: PartitionBatch[];
  bytes: number;
}

/** The batch that a partition's next record goes to, while it fits. */
interface Open {
  round: number;
  batch: PartitionBatch;
}

/**
 * Splits records, in order, into rounds: a round has at most one batch a partition, so that one request in flight keeps the
 * partition's order. A record of a partition never goes into an earlier round than the one before it.
 */
export function planRounds(records: readonly LogRecord[], partitionOf: (record: LogRecord) => number): PartitionBatch[][] {
  const rounds: Round[] = [];
  const open = new Map<string, Open[]>();
  let topic: string | undefined;
  let partitions: Open[] = [];
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] as LogRecord;
    const partition = partitionOf(record);
    const bytes = recordSize(record);
    if (record.topic !== topic) {
      // Records of a topic come in runs.
      topic = record.topic;
      partitions = open.get(topic) ?? [];
      open.set(topic, partitions);
    }
    const current = partitions[partition];
    if (current && fits(rounds[current.round] as Round, bytes) && current.batch.bytes + bytes <= BATCH_BYTES) {
      current.batch.records.push(record);
      current.batch.bytes += bytes;
      (rounds[current.round] as Round).bytes += bytes;
    } else partitions[partition] = begin(rounds, current ? current.round + 1 : 0, { topic: record.topic, partition, records: [record], bytes });
  }
  return rounds.map(({ batches }) => batches);
}

/** In the first round from `from` on that has room for it. */
function begin(rounds: Round[], from: number, batch: PartitionBatch): Open {
  let index = from;
  while (rounds[index] && !fits(rounds[index] as Round, batch.bytes)) index += 1;
  const round = (rounds[index] ??= { batches: [], bytes: 0 });
  round.batches.push(batch);
  round.bytes += batch.bytes;
  return { round: index, batch };
}

function fits(round: Round, bytes: number): boolean {
  return round.bytes === 0 || round.bytes + bytes <= ROUND_BYTES;
}
