import type { Failure } from '#libs/failure/failure';

/**
 * The change log: ordered, durable, replayable topics. Port; adapters in `sqlite/` and `kafka/`, one conformance suite for both.
 *
 * Contract:
 * - A topic has a fixed number of partitions. A record goes to murmur2(key) as Kafka's Java client computes it; a null key to partition 0.
 * - `Producer.append` resolves only when every record is durable (Kafka: acks=all; SQLite: synchronous=full). Records of one partition
 *   keep the order of the call, and of one call after another. If it rejects, a prefix of each partition's records may have been written.
 * - Opening a producer under an id fences every producer opened earlier under that id, in any process: their `append` rejects with
 *   a `fenced` Failure and writes nothing.
 * - A subscription with a group delivers each record at least once to one member; offsets are committed after `onBatch` resolves. When
 *   `onBatch` rejects, the same records come again after a backoff. Without a group, nothing is committed and every subscriber sees all.
 * - One `onBatch` call is in flight per partition; the next one waits (backpressure: at most one batch per partition is held).
 * - Retention removes the oldest records of a `delete` topic; compaction keeps at least the newest record of each key of a `compact` topic.
 *   A start offset below the oldest kept, or beyond the end, is a `position-lost` Failure for a group-less reader, never a silent skip. A group
 *   whose offset is gone is told so by `onFailure` and goes on at the oldest record.
 * - Offsets of a partition grow but have gaps (compaction; Kafka's transaction markers): `next - earliest` is no count. A `compact` topic takes no null key.
 * - A record of more than MAX_RECORD_BYTES (and, on Kafka, one over its topic's own limit) is refused.
 * - A dependency that is down is a `dependency-unavailable` Failure from `append`, and a subscription that resumes by itself.
 */
export abstract class ChangeLog {
  /** Creates the topic, or checks that it has that partition count. A `misconfigured` Failure when it has another, or the log takes no topic of that name. Settings of an existing topic are left alone. */
  abstract ensureTopic(topic: string, options: TopicOptions): Promise<void>;
  /** Names of all topics that start with `prefix`. */
  abstract topics(prefix: string): Promise<string[]>;
  /** Opens a producer and fences older ones of the same id. */
  abstract openProducer(id: string): Promise<Producer>;
  /** Starts delivery; resolves once positions are resolved, so that what is appended afterwards is delivered even with `from: 'latest'`. */
  abstract subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Reads one partition from an offset up to its end at the time of the call. */
  abstract read(topic: string, partition: number, from: bigint): AsyncIterable<StoredRecord>;
  /** Oldest kept offset and next offset to be written, by partition. Empty when the topic does not exist. */
  abstract bounds(topic: string): Promise<PartitionBounds[]>;
  /** Next offset of `group` to be delivered, by partition; null where nothing is committed. */
  abstract committed(group: string, topic: string): Promise<(bigint | null)[]>;
  /** Resolves when the log answers; rejects with a `dependency-unavailable` Failure otherwise. */
  abstract ping(): Promise<void>;
  /** Stops subscriptions and producers and frees connections. */
  abstract close(): Promise<void>;
}

/** The largest record that any log of ours takes: key, value and headers, bytes. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

export interface LogRecord {
  topic: string;
  key: Buffer | null;
  /** Null is a tombstone. */
  value: Buffer | null;
  headers: Readonly<Record<string, string>>;
}

export interface StoredRecord extends LogRecord {
  partition: number;
  offset: bigint;
  /** When it was appended, ms since the epoch. */
  timestampMs: number;
}

export interface TopicOptions {
  partitions: number;
  cleanup: 'delete' | 'compact';
  /** Milliseconds that a record of a `delete` topic is kept; null for ever. */
  retentionMs: number | null;
}

export interface PartitionBounds {
  partition: number;
  earliest: bigint;
  next: bigint;
}

/**
 * What to append in the place of a record that the log will never take (a record over the topic's limit). The rest of the call is not held up, and the
 * order stays. Asked again for a replacement that is refused itself.
 */
export type Refused = (record: LogRecord, failure: Failure) => readonly LogRecord[];

export interface Producer {
  /** Without `refused`, a record that the log will never take rejects the call with an `invalid-input` Failure. */
  append(records: readonly LogRecord[], refused?: Refused): Promise<void>;
  close(): Promise<void>;
}

export interface Batch {
  topic: string;
  partition: number;
  records: readonly StoredRecord[];
}

export interface SubscribeOptions {
  /** Consumer group; absent: a reader of its own that commits nothing. */
  group?: string;
  /** Exact topic names. One that does not exist yet joins when it appears. */
  topics: readonly string[];
  /** Where a partition without a committed offset starts; an explicit position holds only for readers without a group; a partition that it does not name, and a topic that appears later, start at the oldest record. */
  from: 'earliest' | 'latest' | readonly Position[];
  onBatch: (batch: Batch) => Promise<void>;
  /** Told when delivery can't go on: `position-lost`, or a failure of `onBatch` that is retried. */
  onFailure?: (error: unknown) => void;
}

export interface Position {
  topic: string;
  partition: number;
  /** Next offset to be delivered. */
  offset: bigint;
}

export interface Subscription {
  /** Finishes the batches in flight, commits them, and ends delivery. */
  close(): Promise<void>;
}
