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
  const failure = await refusalOf(around, round);
  if (!failure) return;
  if (round.length === 1) return divide(around, round[0] as PartitionBatch, failure);
  const refused: [batch: PartitionBatch, failure: Failure][] = [];
  // All of them before any replacement: one that was written counts only once it was acknowledged by itself. What else went to its partition first would get its
  // sequence, and be taken by the broker for what it has.
  for (const batch of round) {
    const reason = await refusalOf(around, [batch]);
    if (reason) refused.push([batch, reason]);
  }
  for (const [batch, reason] of refused) await divide(around, batch, reason);
}

/** Null once it is written. */
async function refusalOf(around: SendAround, round: readonly PartitionBatch[]): Promise<Failure | null> {
  try {
    refuseHopeless(round);
    await around.send(round);
    return null;
  } catch (error) {
    const failure = kafkaFailure('appending to Kafka', error);
    if (failure.kind !== 'invalid-input') throw failure;
    return failure;
  }
}

async function divide(around: SendAround, batch: PartitionBatch, failure: Failure): Promise<void> {
  const { records } = batch;
  if (records.length === 1) return replace(around, records[0] as LogRecord, failure);
  const half = Math.ceil(records.length / 2);
  for (const part of [records.slice(0, half), records.slice(half)])
    await sendAround(around, [{ ...batch, records: part, bytes: part.reduce((sum, record) => sum + recordSize(record), 0) }]);
}

async function replace(around: SendAround, record: LogRecord, { kind, message, cause }: Failure): Promise<void> {
  const refused = new Failure(kind, `${record.topic} takes no record of ${recordSize(record)} bytes: ${message}`, { cause });
  for (const round of await around.replace(record, refused)) await sendAround(around, round);
}

/** Without asking a broker, which may close the connection on a request of such a size. */
function refuseHopeless(round: readonly PartitionBatch[]): void {
  const tooLarge = round.some(({ bytes }) => bytes > MAX_RECORD_BYTES);
  if (tooLarge) throw new Failure('invalid-input', `more than ${MAX_RECORD_BYTES} bytes`);
}
