import { type Connection, produceV9, Writer } from './protocol.ts';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import type { Cluster } from './cluster.ts';
import type { ProducerIdentity } from './fencing.ts';
import { CODE, gaveUp, hasCode, isTransient, kafkaFailure } from './kafka-failure.ts';
import type { Compression } from './compression.ts';
import { BATCH_HEADER_BYTES, encodeBatch } from './record-batch.ts';
import type { PartitionBatch } from './rounds.ts';

const ACKS_ALL = -1;
const TIMEOUT_MS = 10_000;
/** How long one round is tried against brokers that move or are away, before its append is rejected. */
const GIVE_UP_MS = 10_000;
/** Batches whose room is kept, and the least that one has. */
const SPARE = 4;
const ROOM_BYTES = 1 << 20;
const STALE = [CODE.notLeader, CODE.leaderNotAvailable, CODE.unknownTopicOrPartition];

/**
 * Sends one round of batches under an identity. Numbers each partition's records, so that a batch whose answer was lost can be sent
 * again without being written twice.
 */
export class Produce {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #identity: ProducerIdentity;
  readonly #compression: Compression;
  /** Of each partition's next record, by `topic/partition`. */
  readonly #sequences = new Map<string, number>();
  /** Room for batches that were acknowledged: a new megabyte for each costs as much as filling it. */
  #spare: Buffer[] = [];

  constructor(cluster: Cluster, lane: string, identity: ProducerIdentity, compression: Compression) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#identity = identity;
    this.#compression = compression;
  }

  /**
   * Resolves once every batch is acknowledged by all in-sync replicas. After a rejection this object must not be used again, unless the kind is
   * `invalid-input`: then the same batches may be sent again by themselves, or in parts.
   */
  async send(round: readonly PartitionBatch[]): Promise<void> {
    const rooms = round.map(({ bytes }) => this.#room(BATCH_HEADER_BYTES + bytes));
    let left = round.map((batch, index) => this.#encode(batch, rooms[index] as Buffer));
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
    this.#spare.push(...rooms.slice(0, SPARE - this.#spare.length));
    for (const { topic, partition, records } of round)
      this.#sequences.set(`${topic}/${partition}`, nextSequence(this.#sequence(topic, partition), records.length));
  }

  /** Once, however often it is sent: the same bytes under the same numbers. */
  #encode({ topic, partition, records }: PartitionBatch, room: Buffer): EncodedBatch {
    const options = { identity: this.#identity, sequence: this.#sequence(topic, partition), nowMs: Date.now(), compression: this.#compression };
    return { topic, partition, bytes: encodeBatch(records, room, options) };
  }

  #room(bytes: number): Buffer {
    const index = this.#spare.findIndex(({ length }) => length >= bytes);
    return index < 0 ? Buffer.allocUnsafeSlow(Math.max(bytes, ROOM_BYTES)) : (this.#spare.splice(index, 1)[0] as Buffer);
  }

  #sequence(topic: string, partition: number): number {
    return this.#sequences.get(`${topic}/${partition}`) ?? 0;
  }

  #again(error: unknown): boolean {
    if (error instanceof Failure) return error.kind === 'dependency-unavailable';
    return STALE.some((code) => hasCode(error, code)) || (isTransient(error) && !hasCode(error, CODE.outOfOrderSequence));
  }

  async #byLeader(batches: readonly EncodedBatch[]): Promise<Map<number, EncodedBatch[]>> {
    const groups = new Map<number, EncodedBatch[]>();
    for (const batch of batches) {
      const leader = (await this.#cluster.leaders(batch.topic))?.[batch.partition] ?? -1;
      if (leader < 0) throw new Failure('dependency-unavailable', `${batch.topic}/${batch.partition} has no leader`);
      groups.set(leader, [...(groups.get(leader) ?? []), batch]);
    }
    return groups;
  }

  async #request(leader: number, batches: readonly EncodedBatch[]): Promise<void> {
    const connection = await this.#cluster.connection(leader, this.#lane);
    try {
      await produce(connection, batches);
    } catch (error) {
      // All of it was there already: an earlier try whose answer we did not get.
      if (hasCode(error, CODE.duplicateSequence) && !STALE.some((code) => hasCode(error, code))) return;
      throw error;
    }
  }
}

interface EncodedBatch {
  topic: string;
  partition: number;
  bytes: Buffer;
}

/** A Produce request, version 9 (Kafka protocol guide, "Produce API"), of batches that are encoded already. Rejects with the library's error of a partition that refused. */
function produce(connection: Connection, batches: readonly EncodedBatch[]): Promise<unknown> {
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  const request = (): Writer =>
    Writer.create()
      .appendString(null)
      .appendInt16(ACKS_ALL)
      .appendInt32(TIMEOUT_MS)
      .appendArray([...topics], (writer, [topic, partitions]) => {
        writer.appendString(topic).appendArray(partitions, (inner, { partition, bytes }) => {
          inner
            .appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes);
        });
      })
      .appendTaggedFields();
  const { key, version } = produceV9.api;
  return new Promise((resolve, reject) => {
    connection.send(key, version, request, produceV9.parseResponse, true, true, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** Sequences are 31 bits wide and wrap to 0. */
function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}
