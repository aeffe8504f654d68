import type { Admin, Kafka } from 'kafkajs';
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
import { Cluster } from './cluster.ts';
import { CODE, kafkaFailure } from './kafka-failure.ts';
import { fetchPartitions } from './fetch.ts';
import { KafkaGroup } from './kafka-group.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { KafkaReader } from './kafka-reader.ts';
import { committedOffsets, topicBounds } from './offsets.ts';
import { checkKept } from './start-position.ts';
import type { Compression } from './compression.ts';
import type { KafkaSecurity } from './security.ts';
import { ensureKafkaTopic } from './topic-admin.ts';

export interface KafkaChangeLogOptions {
  /** `host:port` of some brokers; the others are found. */
  brokers: readonly string[];
  clientId: string;
  logger: Logger;
  /** Topics that a producer fences when it opens, besides those it writes; on a shared cluster, those of our prefix. Default: all. */
  fences?: (topic: string) => boolean;
  /** Default: plain text, without a log-in. */
  security?: KafkaSecurity;
  /** Of what it produces. Default: none. */
  compression?: Compression;
}

/**
 * The change log on Kafka. Admin and consumer groups are kafkajs; the producer and readers without a group speak the protocol through
 * @platformatic/kafka, for fencing and latency (docs/adr/0006-kafka-clients.md).
 */
export class KafkaChangeLog extends ChangeLog {
  readonly #options: KafkaChangeLogOptions;
  readonly #cluster: Cluster;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #kafka: Promise<Kafka> | undefined;
  #admin: Promise<Admin> | undefined;
  #lanes = 0;

  private constructor(options: KafkaChangeLogOptions) {
    super();
    this.#options = options;
    this.#cluster = new Cluster(options.brokers, options.clientId, options.security);
  }

  /** Nothing is connected until it is needed. */
  static connect(options: KafkaChangeLogOptions): KafkaChangeLog {
    return new KafkaChangeLog(options);
  }

  override ensureTopic(topic: string, options: TopicOptions): Promise<void> {
    return this.#doing(`creating topic ${topic}`, async () => ensureKafkaTopic(() => this.#connectedAdmin(), this.#cluster, topic, options));
  }

  override topics(prefix: string): Promise<string[]> {
    return this.#doing('listing topics', async () => [...(await this.#cluster.refresh(null)).keys()].filter((name) => name.startsWith(prefix)).toSorted());
  }

  override openProducer(id: string): Promise<Producer> {
    const { fences = () => true, compression = 'none' } = this.#options;
    return this.#doing('opening a producer', async () =>
      this.#track(await KafkaProducer.open({ id, cluster: this.#cluster, lane: this.#newLane('producer'), fences, compression })),
    );
  }

  override subscribe(options: SubscribeOptions): Promise<Subscription> {
    const { group } = options;
    const { logger } = this.#options;
    return this.#doing('subscribing', async () => {
      if (group === undefined) return this.#track(await KafkaReader.start({ cluster: this.#cluster, lane: this.#newLane('reader'), logger }, options));
      if (typeof options.from !== 'string') throw new Failure('misconfigured', `group ${group}: explicit positions are for readers without a group`);
      return this.#track(await KafkaGroup.start({ kafka: await this.#kafkajs(), cluster: this.#cluster, logger }, group, options));
    });
  }

  override async *read(topic: string, partition: number, from: bigint): AsyncGenerator<StoredRecord> {
    const bounds = (await this.bounds(topic))[partition];
    if (!bounds) throw new Failure('misconfigured', `there is no partition ${topic}/${partition}`);
    checkKept(topic, bounds, from);
    const lane = this.#newLane('read');
    try {
      for (let position = from; position < bounds.next;) {
        const fetched = await this.#doing('reading', () => this.#fetch(lane, { topic, partition, position }));
        for (const record of fetched.records) if (record.offset < bounds.next) yield record;
        position = fetched.through;
      }
    } finally {
      await this.#cluster.closeLane(lane);
    }
  }

  override bounds(topic: string): Promise<PartitionBounds[]> {
    return this.#doing('reading offsets', () => topicBounds(this.#cluster, topic));
  }

  override committed(group: string, topic: string): Promise<(bigint | null)[]> {
    return this.#doing('reading committed offsets', async () => {
      const leaders = (await this.#cluster.refresh([topic])).get(topic) ?? [];
      return leaders.length === 0 ? [] : committedOffsets(this.#cluster, group, topic, leaders.length);
    });
  }

  override async ping(): Promise<void> {
    await this.#doing('reaching Kafka', () => this.#cluster.refresh([]));
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#open].map((part) => part.close()));
    await this.#admin?.then((admin) => admin.disconnect()).catch(() => undefined);
    await this.#cluster.close();
  }

  async #fetch(lane: string, wanted: { topic: string; partition: number; position: bigint }): Promise<{ records: readonly StoredRecord[]; through: bigint }> {
    const leader = (await this.#cluster.leaders(wanted.topic))?.[wanted.partition] ?? -1;
    const [answer] = await fetchPartitions(await this.#cluster.connection(leader, lane), [wanted], 100);
    if (answer?.errorCode === CODE.offsetOutOfRange)
      throw new Failure('position-lost', `${wanted.topic}/${wanted.partition}: offset ${wanted.position} is not kept any more`);
    if (answer?.errorCode !== 0) this.#cluster.forget([wanted.topic]);
    if (answer?.errorCode !== 0) throw new Failure('dependency-unavailable', `${wanted.topic}/${wanted.partition}: Kafka error ${answer?.errorCode}`);
    return answer;
  }

  /** What is open ends with the log; a part that ends before is forgotten. */
  #track<Part extends { close(): Promise<void> }>(part: Part): Part {
    const close = part.close.bind(part);
    this.#open.add(part);
    part.close = async () => {
      this.#open.delete(part);
      await close();
    };
    return part;
  }

  #newLane(use: string): string {
    this.#lanes += 1;
    return `${use}-${this.#lanes}`;
  }

  /** Loaded by those who need it: a service that only streams starts the sooner, and is the smaller. */
  #kafkajs(): Promise<Kafka> {
    this.#kafka ??= import('./kafkajs-client.ts').then(({ openKafkajs }) => openKafkajs(this.#options));
    return this.#kafka;
  }

  #connectedAdmin(): Promise<Admin> {
    this.#admin ??= this.#connectAdmin();
    return this.#admin;
  }

  async #connectAdmin(): Promise<Admin> {
    try {
      const admin = (await this.#kafkajs()).admin();
      await admin.connect();
      return admin;
    } catch (error) {
      this.#admin = undefined;
      throw error;
    }
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw kafkaFailure(what, error);
    }
  }
}
