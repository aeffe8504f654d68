import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '#libs/failure/failure';
import { backoffMs } from '#libs/runtime/backoff';
import type { Logger } from '#libs/runtime/logger';
import type { SubscribeOptions, Subscription } from '../change-log.ts';
import type { Cluster } from './cluster.ts';
import { fetchPartitions, type FetchedPartition } from './fetch.ts';
import { CODE, kafkaFailure } from './kafka-failure.ts';
import { topicBounds } from './offsets.ts';
import { ReaderLane } from './reader-lane.ts';
import { startOf } from './start-position.ts';

/** How long a broker holds a fetch that finds nothing, ms: long when every partition is asked for, short when one will be back soon. */
const WAIT_MS = 500;
const WAIT_WHILE_BUSY_MS = 5;
/** How often topics that do not exist yet are looked for, ms. */
const LOOK_AGAIN_MS = 500;

export interface KafkaReaderOptions {
  cluster: Cluster;
  /** Name of this reader's connections. */
  lane: string;
  logger: Logger;
}

/** A subscription without a group: assigned partitions, fetched by protocol, one loop for each broker that leads some. */
export class KafkaReader implements Subscription {
  readonly #cluster: Cluster;
  readonly #lane: string;
  readonly #logger: Logger;
  readonly #options: SubscribeOptions;
  readonly #lanes: ReaderLane[] = [];
  readonly #loops = new Map<number, Promise<void>>();
  readonly #closing = new AbortController();
  #watching: Promise<void> | undefined;
  #freed = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined;

  private constructor({ cluster, lane, logger }: KafkaReaderOptions, options: SubscribeOptions) {
    this.#cluster = cluster;
    this.#lane = lane;
    this.#logger = logger;
    this.#options = options;
  }

  /** Throws `position-lost` when a start position is not kept. */
  static async start(context: KafkaReaderOptions, options: SubscribeOptions): Promise<KafkaReader> {
    const reader = new KafkaReader(context, options);
    const missing = await reader.#join(options.topics, options.from);
    reader.#watching = reader.#watch(missing);
    return reader;
  }

  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#closing.abort();
    this.#freed.resolve();
    await Promise.all([...this.#lanes.map((lane) => lane.close()), this.#cluster.closeLane(this.#lane)]);
    await Promise.all([...this.#loops.values(), this.#watching]);
    await this.#cluster.closeLane(this.#lane);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Starts delivery of those of `topics` that exist; returns the others. */
  async #join(topics: readonly string[], from: SubscribeOptions['from']): Promise<string[]> {
    const bounds = await Promise.all(topics.map((topic) => topicBounds(this.#cluster, topic)));
    const starts = topics.flatMap((topic, i) =>
      bounds[i]!.map((partition) => ({ topic, partition: partition.partition, position: startOf(topic, partition, from) })),
    );
    for (const start of starts) this.#lanes.push(new ReaderLane(start, this.#options, () => this.#signalFree()));
    await this.#assign();
    return topics.filter((_, i) => bounds[i]!.length === 0);
  }

  /** Now and then: are there topics that were missing, and does every partition have a loop? A leader may be away for a while. */
  async #watch(missing: readonly string[]): Promise<void> {
    let left = [...missing];
    for (;;) {
      await this.#pause(LOOK_AGAIN_MS);
      if (this.#closed) return;
      try {
        if (left.length > 0) left = await this.#join(left, 'earliest');
        else await this.#assign();
      } catch (error) {
        this.#logger.debug({ err: error }, 'Kafka does not say who leads; trying again');
      }
    }
  }

  #signalFree(): void {
    this.#freed.resolve();
    this.#freed = Promise.withResolvers();
  }

  /** Starts a loop for every broker that leads a partition of ours and has none. */
  async #assign(): Promise<void> {
    let started = false;
    for (const { topic, partition, lost } of this.#lanes) {
      const leader = lost ? -1 : await this.#leader(topic, partition);
      if (leader < 0 || this.#loops.has(leader) || this.#closed) continue;
      this.#loops.set(
        leader,
        this.#loop(leader).finally(() => this.#loops.delete(leader)),
      );
      started = true;
    }
    if (started) this.#signalFree();
  }

  /** Node id; -1 while there is none. */
  async #leader(topic: string, partition: number): Promise<number> {
    return (await this.#cluster.leaders(topic))?.[partition] ?? -1;
  }

  async #loop(node: number): Promise<void> {
    for (let failures = 0; !this.#closed;) {
      try {
        const lanes = await this.#ledBy(node);
        if (lanes.length === 0) return;
        await this.#poll(node, lanes);
        failures = 0;
      } catch (error) {
        if (this.#closed) return;
        if (failures === 0) this.#logger.warn({ reason: kafkaFailure('reading from Kafka', error).message }, 'reading from Kafka failed; trying again');
        await this.#pause(backoffMs(failures, { initialMs: 20, maxMs: 1_000 }));
        failures += 1;
        this.#cluster.forget(this.#lanes.map(({ topic }) => topic));
      }
    }
  }

  async #ledBy(node: number): Promise<ReaderLane[]> {
    const leaders = await Promise.all(this.#lanes.map(({ topic, partition }) => this.#leader(topic, partition)));
    return this.#lanes.filter((lane, i) => leaders[i] === node && !lane.lost);
  }

  async #poll(node: number, lanes: readonly ReaderLane[]): Promise<void> {
    const freed = this.#freed.promise;
    const wanted = lanes.map((lane) => lane.wanted()).filter((partition) => partition !== undefined);
    if (wanted.length === 0) return freed;
    const connection = await this.#cluster.connection(node, this.#lane);
    const fetched = await fetchPartitions(connection, wanted, wanted.length < lanes.length ? WAIT_WHILE_BUSY_MS : WAIT_MS);
    if (this.#closed) return;
    for (const answer of fetched) {
      const lane = lanes.find(({ topic, partition }) => topic === answer.topic && partition === answer.partition);
      if (lane && answer.errorCode === 0) lane.take(answer);
      else if (lane && answer.errorCode === CODE.offsetOutOfRange) this.#lose(lane, answer);
    }
    const moved = fetched.find(({ errorCode }) => errorCode !== 0 && errorCode !== CODE.offsetOutOfRange);
    if (moved) throw new Failure('dependency-unavailable', `${moved.topic}/${moved.partition}: Kafka error ${moved.errorCode}`);
  }

  #lose(lane: ReaderLane, { topic, partition, position }: FetchedPartition): void {
    lane.lost = true;
    this.#options.onFailure?.(
      new Failure('position-lost', `${topic}/${partition}: offset ${position} is not kept any more`, {
        detail: { topic, partition, position: Number(position) },
      }),
    );
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}
