import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { Failure } from '#libs/failure/failure';
import { backoffMs } from '#libs/runtime/backoff';
import type { Logger } from '#libs/runtime/logger';
import type { PartitionBounds, StoredRecord, SubscribeOptions, Subscription } from '../change-log.ts';
import type { Cluster } from './cluster.ts';
import { GroupCommits } from './group-commits.ts';
import { commitForEmptyGroup, committedOffsets, topicBounds } from './offsets.ts';

/** How long the group waits for a member that died, ms: the least that brokers allow by default. */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_500;
const LOOK_AGAIN_MS = 500;

export interface KafkaGroupOptions {
  kafka: Kafka;
  cluster: Cluster;
  logger: Logger;
}

/** A member of a consumer group, on kafkajs. Offsets are committed by us, after the handler. */
export class KafkaGroup implements Subscription {
  readonly #context: KafkaGroupOptions;
  readonly #group: string;
  readonly #options: SubscribeOptions;
  readonly #consumer: Consumer;
  readonly #commits: GroupCommits;
  readonly #attempts = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  #assigned: Readonly<Record<string, readonly number[]>> = {};
  #joined = Promise.withResolvers<void>();
  #consuming = false;
  #watch: Promise<void> | undefined;
  #ended: Promise<void> | undefined;

  private constructor(context: KafkaGroupOptions, group: string, options: SubscribeOptions) {
    this.#context = context;
    this.#group = group;
    this.#options = options;
    this.#consumer = context.kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: 30_000,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: 500,
      minBytes: 1,
      allowAutoTopicCreation: false,
      readUncommitted: true,
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 10, restartOnFailure: async () => true },
    });
    this.#commits = new GroupCommits(this.#consumer, context.logger);
    this.#consumer.on('consumer.group_join', ({ payload }) => {
      this.#assigned = payload.memberAssignment;
      this.#joined.resolve();
    });
  }

  /** Resolves once it has joined and every partition has a place to start from. */
  static async start(context: KafkaGroupOptions, group: string, options: SubscribeOptions): Promise<KafkaGroup> {
    const member = new KafkaGroup(context, group, options);
    const missing = await member.#prepare(options.topics, options.from === 'latest');
    await member.#consumer.connect();
    await member.#consume(options.topics.filter((topic) => !missing.includes(topic)));
    if (missing.length > 0) member.#watch = member.#awaitTopics(missing);
    return member;
  }

  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    await this.#watch;
    if (this.#consuming) this.#consumer.pause(this.#options.topics.map((topic) => ({ topic })));
    await Promise.all(this.#inHand);
    // A member that has left can commit nothing any more.
    await this.#commits.flush();
    await this.#consumer.disconnect();
  }

  /** Looks at each topic's committed offsets against what is kept; gives a group that starts at the end its offsets. Returns topics that do not exist. */
  async #prepare(topics: readonly string[], fromLatest: boolean): Promise<string[]> {
    const { cluster } = this.#context;
    const missing: string[] = [];
    for (const topic of topics) {
      const bounds = await topicBounds(cluster, topic);
      if (bounds.length === 0) missing.push(topic);
      const offsets = bounds.length > 0 ? await committedOffsets(cluster, this.#group, topic, bounds.length) : [];
      const fresh = bounds.filter(({ partition }) => (offsets[partition] ?? null) === null);
      if (fromLatest && fresh.length > 0) await this.#commitEnd(topic, fresh);
      for (const { partition, earliest } of bounds) {
        const offset = offsets[partition] ?? null;
        if (offset !== null && offset < earliest) this.#tellLost(topic, partition, offset, earliest);
      }
    }
    return missing;
  }

  /** The end as of now is the group's place from now on, even if it takes nothing; whatever has no offset later is new and read from its start. */
  async #commitEnd(topic: string, fresh: readonly PartitionBounds[]): Promise<void> {
    const positions = fresh.map(({ partition, next }) => ({ topic, partition, offset: next }));
    await commitForEmptyGroup(this.#context.cluster, this.#group, positions).catch((err: unknown) =>
      this.#context.logger.info({ err, group: this.#group, topic }, 'the group has members that started it: its new partitions are read from their start'),
    );
  }

  #tellLost(topic: string, partition: number, position: bigint, earliest: bigint): void {
    const detail = { topic, partition, position: Number(position), earliest: Number(earliest) };
    this.#options.onFailure?.(
      new Failure('position-lost', `group ${this.#group}, ${topic}/${partition}: offset ${position} is not kept, going on at ${earliest}`, { detail }),
    );
  }

  async #consume(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return;
    this.#joined = Promise.withResolvers();
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 32,
      eachBatch: (payload) => this.#hold(this.#take(payload)),
    });
    this.#consuming = true;
    await this.#joined.promise;
  }

  /** kafkajs takes topics only while it stands still. */
  async #awaitTopics(missing: readonly string[]): Promise<void> {
    let left = [...missing];
    while (left.length > 0) {
      await delay(LOOK_AGAIN_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      try {
        const found = await this.#context.cluster.refresh(left);
        if (found.size === 0) continue;
        await this.#commits.flush();
        await this.#consumer.stop();
        await this.#consume(this.#options.topics.filter((topic) => !left.includes(topic) || found.has(topic)));
        left = left.filter((topic) => !found.has(topic));
      } catch (err) {
        this.#context.logger.debug({ err }, 'looking for topics failed; trying again');
      }
    }
  }

  #hold(taking: Promise<void>): Promise<void> {
    this.#inHand.add(taking);
    return taking.finally(() => this.#inHand.delete(taking));
  }

  async #take({ batch, resolveOffset, heartbeat, pause, isRunning, isStale }: EachBatchPayload): Promise<void> {
    if (!isRunning() || isStale() || this.#closing.signal.aborted) return;
    const { topic, partition } = batch;
    const records = batch.messages.map((message) => stored(topic, partition, message));
    const place = `${topic}/${partition}`;
    const beat = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
    try {
      if (records.length > 0) await this.#options.onBatch({ topic, partition, records });
      this.#attempts.delete(place);
      resolveOffset(batch.lastOffset());
      // Not for a partition that has moved to another member meanwhile: that one may be further.
      if (records.length > 0 && this.#assigned[topic]?.includes(partition)) this.#commits.mark(topic, partition, BigInt(batch.lastOffset()) + 1n);
    } catch (error) {
      this.#options.onFailure?.(error);
      this.#pauseFor(place, pause());
    } finally {
      clearInterval(beat);
    }
  }

  #pauseFor(place: string, resume: () => void): void {
    const attempt = this.#attempts.get(place) ?? 0;
    this.#attempts.set(place, attempt + 1);
    void delay(backoffMs(attempt), undefined, { signal: this.#closing.signal }).then(resume, () => undefined);
  }
}

function stored(topic: string, partition: number, { offset, timestamp, key, value, headers = {} }: KafkaMessage): StoredRecord {
  const texts = Object.entries(headers).map(([name, text]) => [name, String(Array.isArray(text) ? text[0] : text)]);
  return { topic, partition, offset: BigInt(offset), timestampMs: Number(timestamp), key, value, headers: Object.fromEntries(texts) as Record<string, string> };
}
