import { Failure } from '#libs/failure/failure';
import type { LogRecord, Producer, Refused } from '../change-log.ts';
import { partitionOf } from '../murmur2.ts';
import type { Cluster } from './cluster.ts';
import { Fencing, type Partitions, type ProducerIdentity } from './fencing.ts';
import { kafkaFailure } from './kafka-failure.ts';
import { Produce } from './produce.ts';
import type { Compression } from './compression.ts';
import { type PartitionBatch, planRounds } from './rounds.ts';
import { sendAround } from './send-around.ts';

interface Waiting {
  records: readonly LogRecord[];
  refused: Refused | undefined;
  done: PromiseWithResolvers<void>;
}

/** What holds as long as nothing fails. */
interface Session {
  identity: ProducerIdentity;
  produce: Produce;
  /** Topics whose partitions refuse older epochs. */
  fenced: Set<string>;
}

export interface KafkaProducerOptions {
  id: string;
  cluster: Cluster;
  /** Name of this producer's connections. */
  lane: string;
  /** Which topics are fenced at takeover besides those that it writes. */
  fences: (topic: string) => boolean;
  compression: Compression;
}

/**
 * One round in flight; what is appended meanwhile goes together in the next. After a failure it can't know what was written, so it takes
 * a new epoch (which a newer producer prevents) before it writes again.
 */
export class KafkaProducer implements Producer {
  readonly #options: KafkaProducerOptions;
  readonly #fencing: Fencing;
  #session: Session | undefined;
  /** The last identity, once `#session` was given up. */
  #previous: ProducerIdentity | undefined;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #fenced: Failure | undefined;
  #closed = false;

  private constructor(options: KafkaProducerOptions) {
    this.#options = options;
    this.#fencing = new Fencing(options.cluster, options.id, options.lane);
  }

  /** Fences older producers of this id; resolves when no partition takes their records any more. */
  static async open(options: KafkaProducerOptions): Promise<KafkaProducer> {
    const producer = new KafkaProducer(options);
    await producer.#begin();
    return producer;
  }

  append(records: readonly LogRecord[], refused?: Refused): Promise<void> {
    if (this.#closed) return Promise.reject(new Failure('bug', `producer ${this.#options.id} is closed`));
    if (this.#fenced) return Promise.reject(this.#fenced);
    if (records.length === 0) return Promise.resolve();
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ records, refused, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#options.cluster.closeLane(this.#options.lane);
  }

  async #run(): Promise<void> {
    // What is appended in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group);
        for (const { done } of group) done.resolve();
      } catch (error) {
        this.#reject(group, kafkaFailure('appending to Kafka', error));
      }
    }
    this.#running = undefined;
  }

  /** Also what waits: its records must not come to stand after a gap that nobody knows of. */
  #reject(group: readonly Waiting[], failure: Failure): void {
    this.#previous = this.#session?.identity ?? this.#previous;
    this.#session = undefined;
    if (failure.kind === 'fenced') this.#fenced = failure;
    const rejected = [...group, ...this.#waiting];
    this.#waiting = [];
    for (const { done } of rejected) done.reject(failure);
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    /** Of replacements: whoever gave one is asked again. */
    const given = new Map<LogRecord, Refused | undefined>();
    const send = (round: readonly PartitionBatch[]): Promise<void> => this.#current().produce.send(round);
    const replace = (record: LogRecord, failure: Failure): Promise<PartitionBatch[][]> => {
      const refused = given.get(record) ?? group.find(({ records }) => records.includes(record))?.refused;
      if (!refused) throw failure;
      const records = refused(record, failure);
      for (const replacement of records) given.set(replacement, refused);
      return this.#plan(records);
    };
    const records = group.length === 1 ? (group[0] as Waiting).records : group.flatMap((waiting) => waiting.records);
    for (const round of await this.#plan(records)) await sendAround({ send, replace }, round);
  }

  #current(): Session {
    if (!this.#session) throw new Failure('bug', `producer ${this.#options.id} has no session`);
    return this.#session;
  }

  /** Rounds of these records; their topics are fenced. */
  async #plan(records: readonly LogRecord[]): Promise<PartitionBatch[][]> {
    const counts = await this.#partitionCounts(topicsOf(records));
    const session = this.#session ?? (await this.#begin());
    const unfenced = [...counts.keys()].filter((topic) => !session.fenced.has(topic));
    if (unfenced.length > 0) await this.#fence(session, new Map(unfenced.map((topic) => [topic, counts.get(topic)!])));
    return planRounds(records, ({ topic, key }) => partitionOf(key, counts.get(topic)!.length));
  }

  async #partitionCounts(topics: ReadonlySet<string>): Promise<Map<string, readonly number[]>> {
    const counts = new Map<string, readonly number[]>();
    for (const topic of topics) {
      const leaders = await this.#options.cluster.leaders(topic);
      if (!leaders) throw new Failure('misconfigured', `topic ${topic} does not exist`);
      counts.set(topic, leaders);
    }
    return counts;
  }

  async #begin(): Promise<Session> {
    const { cluster, lane, fences, compression } = this.#options;
    const identity = await this.#fencing.takeEpoch(this.#previous);
    this.#previous = identity;
    const session = { identity, produce: new Produce(cluster, lane, identity, compression), fenced: new Set<string>() };
    // Asked for after the epoch was taken: a topic that comes later can only be entered by who holds the newest epoch.
    const all = await cluster.refresh(null);
    await this.#fence(session, new Map([...all].filter(([topic]) => fences(topic))));
    this.#session = session;
    return session;
  }

  async #fence(session: Session, partitions: Partitions): Promise<void> {
    await this.#fencing.fence(session.identity, partitions);
    for (const topic of partitions.keys()) session.fenced.add(topic);
  }
}

/** Records of a topic come in runs. */
function topicsOf(records: readonly LogRecord[]): Set<string> {
  const topics = new Set<string>();
  let last: string | undefined;
  for (let index = 0; index < records.length; index += 1) {
    const { topic } = records[index] as LogRecord;
    if (topic !== last) topics.add((last = topic));
  }
  return topics;
}
