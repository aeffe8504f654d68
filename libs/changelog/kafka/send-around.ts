import { Failure } from '#libs/failure/failure';
import { type LogRecord, MAX_RECORD_BYTES } from '../change-log.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { recordSize } from './record-batch.ts';
import type { PartitionBatch } from './rounds.ts';

export interface SendAround {
  /** Resolves once every batch is acknowledged. */
  send: (round: readonly PartitionBatch[]) => Promise<void>;
  /** Rounds to send in the place of a record that is refused; throws when there is nothing that stands for it. */
  replace: (record: LogRecord, failure: Failure) => Promise<PartitionBatch[][]>;
}

/**
 * Sends a round. A broker refuses a batch as a whole: when it does for good, the round's batches go one by one, then in halves, until the record is alone that
 * is not taken, and its replacement goes in its place. What was written already is known to the broker by its sequence, and not written again.
 */
export async function sendAround(around: SendAround, round: readonly PartitionBatch[]): Promise<void> {
  try {
    refuseHopeless(round);
    await around.send(round);
  } catch (error) {
    const failure = kafkaFailure('appending to Kafka', error);
    if (failure.kind !== 'invalid-input') throw failure;
    for (const part of partsOf(round)) await sendAround(around, part);
    const [only] = round;
    const [record] = only?.records ?? [];
    if (round.length === 1 && only?.records.length === 1 && record) await replace(around, record, failure);
  }
}

async function replace(around: SendAround, record: LogRecord, { kind, message, cause }: Failure): Promise<void> {
  const refused = new Failure(kind, `${record.topic} takes no record of ${recordSize(record)} bytes: ${message}`, { cause });
  for (const round of await around.replace(record, refused)) await sendAround(around, round);
}

/** None when it can't be divided. */
function partsOf(round: readonly PartitionBatch[]): PartitionBatch[][] {
  const [only] = round;
  if (round.length !== 1 || !only) return round.map((batch) => [batch]);
  const { records } = only;
  if (records.length === 1) return [];
  const half = Math.ceil(records.length / 2);
  return [records.slice(0, half), records.slice(half)].map((part) => [
    { ...only, records: part, bytes: part.reduce((sum, record) => sum + recordSize(record), 0) },
  ]);
}

/** Without asking a broker, which may close the connection on a request of such a size. */
function refuseHopeless(round: readonly PartitionBatch[]): void {
  const tooLarge = round.some(({ bytes }) => bytes > MAX_RECORD_BYTES);
  if (tooLarge) throw new Failure('invalid-input', `more than ${MAX_RECORD_BYTES} bytes`);
}
