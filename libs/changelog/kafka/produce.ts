import { NumericMap, produceV9, type MessageRecord } from '@platformatic/kafka';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import type { Cluster } from './cluster.ts';
import type { ProducerIdentity } from './fencing.ts';
import { CODE, gaveUp, hasCode, isTransient, kafkaFailure } from './kafka-failure.ts';
import type { PartitionBatch } from './rounds.ts';

const ACKS_ALL = -1;
const TIMEOUT_MS = 10_000;
/** How long one round is tried against brokers that move or are away, before its append is rejected. */
const GIVE_UP_MS = 10_000;
const STALE = [CODE.notLeader, CODE.leaderNotAvailable, CODE.unknownTopicOrPartition];

/**
 * Sends one round of batches under an identity. Numbers each partition's records, so that a batch whose answer was lost can be sent
 * again without being written twice.
 */
export class Produce {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #identity: ProducerIdentity;
  readonly #sequences = new NumericMap();

  constructor(cluster: Cluster, lane: string, identity: ProducerIdentity) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#identity = identity;
  }

  /** Resolves once every batch is acknowledged by all in-sync replicas. After a rejection this object must not be used again. */
  async send(round: readonly PartitionBatch[]): Promise<void> {
    let left = [...round];
    const attempt = async (): Promise<void> => {
      const byLeader = await this.#byLeader(left);
      const results = await Promise.allSettled([...byLeader].map(([leader, batches]) => this.#request(leader, batches)));
      const failed = results.flatMap((result, i) =>
        result.status === 'rejected' ? [{ error: result.reason as unknown, batches: [...byLeader.values()][i]! }] : [],
      );
      left = failed.flatMap(({ batches }) => batches);
      if (failed[0]) throw failed.find(({ error }) => !this.#again(error))?.error ?? failed[0].error;
    };
    const topics = round.map(({ topic }) => topic);
    try {
      const onRetry = (): void => this.#cluster.forget(topics);
      await retrying(attempt, { initialMs: 5, maxMs: 250, retryable: (error) => this.#again(error), onRetry, signal: AbortSignal.timeout(GIVE_UP_MS) });
    } catch (error) {
      if (gaveUp(error)) throw new Failure('dependency-unavailable', `Kafka took no records within ${GIVE_UP_MS / 1000} s`, { cause: error });
      throw kafkaFailure('appending to Kafka', error);
    }
    for (const { topic, partition, records } of round)
      this.#sequences.set(`${topic}:${partition}`, nextSequence(this.#sequences.getWithDefault(`${topic}:${partition}`, 0), records.length));
  }

  #again(error: unknown): boolean {
    if (error instanceof Failure) return error.kind === 'dependency-unavailable';
    return STALE.some((code) => hasCode(error, code)) || (isTransient(error) && !hasCode(error, CODE.outOfOrderSequence));
  }

  async #byLeader(batches: readonly PartitionBatch[]): Promise<Map<number, PartitionBatch[]>> {
    const groups = new Map<number, PartitionBatch[]>();
    for (const batch of batches) {
      const leader = (await this.#cluster.leaders(batch.topic))?.[batch.partition] ?? -1;
      if (leader < 0) throw new Failure('dependency-unavailable', `${batch.topic}/${batch.partition} has no leader`);
      groups.set(leader, [...(groups.get(leader) ?? []), batch]);
    }
    return groups;
  }

  async #request(leader: number, batches: readonly PartitionBatch[]): Promise<void> {
    const connection = await this.#cluster.connection(leader, this.#lane);
    const messages = batches.flatMap(({ partition, records }) => records.map((record) => toMessage(record, partition)));
    const { id, epoch } = this.#identity;
    try {
      await produceV9.api.async(connection, ACKS_ALL, TIMEOUT_MS, messages, {
        compression: 'none',
        producerId: id,
        producerEpoch: epoch,
        sequences: this.#sequences,
      });
    } catch (error) {
      // All of it was there already: an earlier try whose answer we did not get.
      if (hasCode(error, CODE.duplicateSequence) && !STALE.some((code) => hasCode(error, code))) return;
      throw error;
    }
  }
}

/** Sequences are 31 bits wide and wrap to 0. */
function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}

function toMessage({ topic, key, value, headers }: PartitionBatch['records'][number], partition: number): MessageRecord {
  const names = Object.keys(headers);
  const message = {
    topic,
    partition,
    key,
    value,
    ...(names.length > 0 ? { headers: new Map(names.map((name) => [Buffer.from(name), Buffer.from(headers[name]!)])) } : {}),
  };
  // The library's type has no null for a tombstone or a missing key; its encoder does.
  return message as unknown as MessageRecord;
}
