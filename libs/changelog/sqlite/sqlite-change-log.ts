import { join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import {
  ChangeLog,
  type PartitionBounds,
  type Producer,
  type StoredRecord,
  type SubscribeOptions,
  type Subscription,
  type TopicOptions,
} from '../change-log.ts';
import { InstanceLock } from './instance-lock.ts';
import { LogThread } from './log-thread.ts';
import { unpackRecords } from './pack.ts';
import { Partition } from './partition.ts';
import type { ReaderRequest, ReadReply, TopicState, WriterRequest } from './protocol.ts';
import { lostPosition } from './pump.ts';
import { SqliteProducer } from './sqlite-producer.ts';
import { Subscriptions } from './subscriptions.ts';
import { TailCache } from './tail-cache.ts';

export interface SqliteChangeLogOptions {
  /** Where the log's files live; created when absent. One process at a time. */
  directory: string;
  logger: Logger;
  /** How often retention and compaction look for work, ms. Default 10,000. */
  retentionCheckMs?: number;
}

/** What the newest records may take of memory, bytes, over all partitions. */
const TAIL_BYTES = 32 * 1024 * 1024;
const READ_RECORDS = 1_000;
const READ_BYTES = 1024 * 1024;

/**
 * The embedded change log: one SQLite file, commits in one thread, reads of history in another. Subscribers in step get their
 * records from memory as soon as the commit is on disk.
 */
export class SqliteChangeLog extends ChangeLog {
  readonly #lock: InstanceLock;
  readonly #writer: LogThread<WriterRequest>;
  readonly #reader: LogThread<ReaderRequest>;
  readonly #generation: string;
  readonly #logger: Logger;
  readonly #topics = new Map<string, readonly Partition[]>();
  readonly #partitions = new Map<number, Partition>();
  readonly #tails = new TailCache(TAIL_BYTES);
  readonly #subscriptions: Subscriptions;
  #closing: Promise<void> | undefined;

  private constructor(lock: InstanceLock, writer: Writer, reader: LogThread<ReaderRequest>, logger: Logger) {
    super();
    this.#lock = lock;
    this.#writer = writer.thread;
    this.#reader = reader;
    this.#logger = logger;
    this.#generation = writer.hello.generation;
    for (const topic of writer.hello.topics) this.#register(topic);
    this.#subscriptions = new Subscriptions({
      partitions: (topic) => this.#topics.get(topic) ?? [],
      read: (partition, from, to) => this.#read(partition, from, to),
      commit: (group, partition, next) => this.#writer.ask({ type: 'commit', group, partitionId: partition.id, next }),
      committed: (group, partitions) => this.#writer.ask({ type: 'committed', group, partitionIds: partitions.map(({ id }) => id) }),
      commitFailed: (group, err) => logger.warn({ err, group }, 'offsets could not be committed; records may come again after a restart'),
    });
  }

  /** Throws `misconfigured` when another instance runs on the directory or it can't be used, `storage-full` for a full disk. */
  static async open({ directory, logger, retentionCheckMs = 10_000 }: SqliteChangeLogOptions): Promise<SqliteChangeLog> {
    const lock = InstanceLock.acquire(directory);
    const file = join(directory, 'log.sqlite');
    let log: SqliteChangeLog | undefined;
    try {
      const onTrimmed = (trimmed: readonly [number, number][]): void => {
        if (log) for (const [id, earliest] of trimmed) log.#trimmed(id, earliest);
      };
      const writer: Writer = await LogThread.start('writer-thread', { file, retentionCheckMs }, onTrimmed);
      const { thread: reader } = await LogThread.start<ReaderRequest, null>('reader-thread', { file });
      log = new SqliteChangeLog(lock, writer, reader, logger);
      return log;
    } catch (error) {
      lock.release();
      const message = error instanceof Error ? error.message : String(error);
      throw new Failure('misconfigured', `the change log in ${directory} can't be opened: ${message}`, { cause: error });
    }
  }

  /** Random id made with the log: tells a log from its restored or recreated successor (decisions.md 15). */
  generation(): string {
    return this.#generation;
  }

  override async ensureTopic(topic: string, { partitions, cleanup, retentionMs }: TopicOptions): Promise<void> {
    const known = this.#topics.get(topic);
    const created = known ?? this.#register(await this.#writer.ask<TopicState>({ type: 'topic', name: topic, partitions, cleanup, retentionMs }));
    if (created.length !== partitions)
      throw new Failure('misconfigured', `topic ${topic} has ${created.length} partitions, ${partitions} are wanted: the count is fixed at creation`);
    // Not awaited: a group in the middle of a hand-over takes the topic on afterwards, from its first record.
    if (!known) this.#subscriptions.topicCreated(topic).catch((err: unknown) => this.#logger.error({ err, topic }, 'a new topic could not be joined'));
  }

  override async topics(prefix: string): Promise<string[]> {
    return [...this.#topics.keys()].filter((name) => name.startsWith(prefix)).toSorted();
  }

  override async openProducer(id: string): Promise<Producer> {
    const epoch = await this.#writer.ask<number>({ type: 'producer', name: id });
    return new SqliteProducer({
      id,
      epoch,
      writer: this.#writer,
      partitions: (topic) => this.#topics.get(topic),
      onAppended: (partition, records, bytes) => this.#appended(partition, records, bytes),
    });
  }

  override subscribe(options: SubscribeOptions): Promise<Subscription> {
    return this.#subscriptions.subscribe(options);
  }

  override read(topic: string, number: number, from: bigint): AsyncIterable<StoredRecord> {
    const partition = this.#topics.get(topic)?.[number];
    return this.#readUpTo(partition, `${topic}/${number}`, Number(from), partition?.next ?? 0);
  }

  async *#readUpTo(partition: Partition | undefined, name: string, from: number, end: number): AsyncGenerator<StoredRecord> {
    if (!partition) throw new Failure('misconfigured', `there is no partition ${name}`);
    if (from < partition.earliest || from > end) throw lostPosition(partition, from);
    const ahead = (position: number): Promise<{ records: StoredRecord[]; through: number }> | undefined =>
      position < end ? this.#read(partition, position, end) : undefined;
    let reading = ahead(from);
    for (let position = from; reading !== undefined;) {
      const { records, through } = await reading;
      // The next ones are read while these are looked at; if nobody asks for them, nobody minds their failure.
      reading = ahead(through);
      reading?.catch(() => undefined);
      if (!partition.compact && Number(records[0]?.offset ?? -1) !== position) throw lostPosition(partition, position);
      yield* records;
      position = through;
    }
  }

  override async bounds(topic: string): Promise<PartitionBounds[]> {
    return (this.#topics.get(topic) ?? []).map(({ number, earliest, next }) => ({ partition: number, earliest: BigInt(earliest), next: BigInt(next) }));
  }

  override async committed(group: string, topic: string): Promise<(bigint | null)[]> {
    const partitionIds = (this.#topics.get(topic) ?? []).map(({ id }) => id);
    const committed = await this.#writer.ask<(number | null)[]>({ type: 'committed', group, partitionIds });
    return committed.map((next) => (next === null ? null : BigInt(next)));
  }

  override async ping(): Promise<void> {
    await this.#writer.ask({ type: 'ping' });
  }

  override close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#subscriptions.close();
    await this.#reader.close({ type: 'close' });
    await this.#writer.close({ type: 'close' });
    this.#lock.release();
  }

  #register({ name, cleanup, partitions }: TopicState): readonly Partition[] {
    // Two calls for one topic may be under way: the second must not replace what the first made.
    const known = this.#topics.get(name);
    if (known) return known;
    const made = partitions.map((start, number) => new Partition({ topic: name, number, compact: cleanup === 'compact' }, start));
    for (const partition of made) this.#partitions.set(partition.id, partition);
    this.#topics.set(name, made);
    return made;
  }

  #appended(partition: Partition, records: readonly StoredRecord[], bytes: number): void {
    this.#tails.push(partition.tail, records, bytes);
    partition.advance(records);
  }

  #trimmed(partitionId: number, earliest: number): void {
    const partition = this.#partitions.get(partitionId);
    if (partition) partition.earliest = earliest;
  }

  async #read(partition: Partition, from: number, to: number): Promise<{ records: StoredRecord[]; through: number }> {
    const reply = await this.#reader.ask<ReadReply>({ type: 'read', partitionId: partition.id, from, to, maxRecords: READ_RECORDS, maxBytes: READ_BYTES });
    return { records: unpackRecords(reply.records, partition.topic, partition.number), through: reply.through };
  }
}

interface Writer {
  thread: LogThread<WriterRequest>;
  hello: { generation: string; topics: TopicState[] };
}
