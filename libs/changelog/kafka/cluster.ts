import { Connection, findCoordinatorV4, metadataV12 } from './protocol.ts';
import { Failure } from '#libs/failure/failure';
import { CODE, hasCode, kafkaFailure } from './kafka-failure.ts';
import type { KafkaSecurity } from './security.ts';

export interface TopicPartition {
  topic: string;
  partition: number;
}

interface Address {
  host: string;
  port: number;
}

/** Who leads what, as the brokers said last. */
interface Layout {
  brokers: Map<number, Address>;
  /** Leader's node id by partition; -1 while there is none. */
  topics: Map<string, number[]>;
}

export const COORDINATOR = { group: 0, transaction: 1 } as const;

/**
 * Connections to the brokers and the layout of topics, at the level of the protocol: what the producer and the readers need and
 * a client library hides. One request at a time waits on a connection at the broker, so each use has connections of its own (`lane`).
 */
export class Cluster {
  readonly #bootstrap: readonly Address[];
  readonly #clientId: string;
  readonly #security: KafkaSecurity;
  readonly #connections = new Map<string, Promise<Connection>>();
  #layout: Layout = { brokers: new Map(), topics: new Map() };
  #closed = false;

  constructor(brokers: readonly string[], clientId: string, security: KafkaSecurity = {}) {
    this.#clientId = clientId;
    this.#security = security;
    this.#bootstrap = brokers.map(parseAddress);
  }

  /** A connection to a broker; kept by lane until it breaks. */
  async connection(nodeId: number, lane: string): Promise<Connection> {
    const address = this.#layout.brokers.get(nodeId);
    if (!address) throw new Failure('dependency-unavailable', `Kafka broker ${nodeId} is not known`);
    return this.#connect(address, lane);
  }

  /** A connection to any broker that answers. */
  async any(lane: string): Promise<Connection> {
    const addresses = [...this.#layout.brokers.values(), ...this.#bootstrap];
    let last: unknown;
    for (const address of addresses) {
      try {
        return await this.#connect(address, lane);
      } catch (error) {
        last = error;
      }
    }
    throw kafkaFailure('connecting to Kafka', last);
  }

  /** Asks for the layout of these topics (null: all). Topics that do not exist are left out. */
  async refresh(topics: readonly string[] | null): Promise<ReadonlyMap<string, readonly number[]>> {
    const response = await metadataV12.api.async(await this.any('metadata'), topics === null ? null : [...topics], false, false).catch(partialMetadata);
    if (response.brokers.length > 0) this.#layout.brokers = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const found = new Map<string, number[]>();
    for (const topic of topics ?? []) this.#layout.topics.delete(topic);
    for (const { errorCode, name, isInternal, partitions } of response.topics) {
      if (!name || isInternal || (errorCode !== 0 && errorCode !== CODE.leaderNotAvailable)) continue;
      const leaders = partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(({ leaderId }) => leaderId);
      this.#layout.topics.set(name, leaders);
      found.set(name, leaders);
    }
    return found;
  }

  /** Leaders of a topic's partitions; asked for once. Undefined when it does not exist. */
  async leaders(topic: string): Promise<readonly number[] | undefined> {
    return this.#layout.topics.get(topic) ?? (await this.refresh([topic])).get(topic);
  }

  /** Makes the next `leaders` ask again. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) this.#layout.topics.delete(topic);
  }

  /** Node id of the coordinator of a group or a transactional id. */
  async coordinator(type: (typeof COORDINATOR)[keyof typeof COORDINATOR], key: string): Promise<number> {
    const response = await findCoordinatorV4.api.async(await this.any('metadata'), type, [key]);
    const [found] = response.coordinators;
    if (!found) throw new Failure('dependency-unavailable', `Kafka names no coordinator for ${key}`);
    if (!this.#layout.brokers.has(found.nodeId)) this.#layout.brokers.set(found.nodeId, { host: found.host, port: found.port });
    return found.nodeId;
  }

  /** Ends the connections of a lane. */
  async closeLane(lane: string): Promise<void> {
    const ending = [...this.#connections].filter(([key]) => key.startsWith(`${lane} `));
    await Promise.all(ending.map(([key, connection]) => this.#end(key, connection)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#connections].map(([key, connection]) => this.#end(key, connection)));
  }

  async #end(key: string, connection: Promise<Connection>): Promise<void> {
    this.#connections.delete(key);
    await connection.then((open) => open.close()).catch(() => undefined);
  }

  #connect({ host, port }: Address, lane: string): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Failure('dependency-unavailable', 'the Kafka client is closed'));
    const key = `${lane} ${host}:${port}`;
    const known = this.#connections.get(key);
    if (known) return known;
    const connection = new Connection(this.#clientId, { connectTimeout: 5_000, requestTimeout: 15_000, maxInflights: 5, ...this.#security });
    const forget = (): void => void (this.#connections.get(key) === opening && this.#connections.delete(key));
    connection.on('error', forget);
    connection.on('close', forget);
    connection.on('closing', forget);
    const opening: Promise<Connection> = Promise.resolve(connection.connect(host, port)).then(
      () => connection,
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    this.#connections.set(key, opening);
    return opening;
  }
}

function parseAddress(broker: string): Address {
  const at = broker.lastIndexOf(':');
  return at < 0 ? { host: broker, port: 9092 } : { host: broker.slice(0, at), port: Number(broker.slice(at + 1)) };
}

/** A metadata answer with an error for one topic is thrown, with the whole answer inside. */
function partialMetadata(error: unknown): Awaited<ReturnType<typeof metadataV12.api.async>> {
  if (
    typeof error === 'object' &&
    error !== null &&
    'response' in error &&
    error.response &&
    [CODE.unknownTopicOrPartition, CODE.leaderNotAvailable].some((code) => hasCode(error, code))
  ) {
    return error.response as Awaited<ReturnType<typeof metadataV12.api.async>>;
  }
  throw error;
}
