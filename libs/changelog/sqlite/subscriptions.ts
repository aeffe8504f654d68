import { Failure } from '#libs/failure/failure';
import type { SubscribeOptions, Subscription } from '../change-log.ts';
import { Group, memberOf, type GroupStore } from './group.ts';
import type { Partition } from './partition.ts';
import { lostPosition, Pump } from './pump.ts';

export interface SubscriptionStore extends GroupStore {
  /** Partitions of a topic; empty while it does not exist. */
  partitions(topic: string): readonly Partition[];
  committed(group: string, partitions: readonly Partition[]): Promise<(number | null)[]>;
}

interface Session {
  /** Resolves positions and begins delivery. */
  start(): Promise<void>;
  /** A topic has just been created: serve it from its first record. */
  topicCreated(topic: string): Promise<void>;
  close(): Promise<void>;
}

/** All running subscriptions of one log. */
export class Subscriptions {
  readonly #store: SubscriptionStore;
  readonly #sessions = new Set<Session>();
  readonly #groups = new Map<string, { group: Group; turn: Promise<unknown> }>();

  constructor(store: SubscriptionStore) {
    this.#store = store;
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const session = options.group === undefined ? this.#reader(options) : this.#member(options.group, options);
    // Known before it starts, so that a topic created meanwhile is not missed.
    this.#sessions.add(session);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      this.#sessions.delete(session);
      await session.close();
    };
    try {
      await session.start();
    } catch (error) {
      this.#sessions.delete(session);
      throw error;
    }
    return { close: () => (closing ??= close()) };
  }

  async topicCreated(topic: string): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.topicCreated(topic)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()));
  }

  #reader(options: SubscribeOptions): Session {
    const pumps = new Map<Partition, Pump>();
    const serve = (partition: Partition, position: number): void => {
      const onLost = (failure: Failure): undefined => void options.onFailure?.(failure);
      pumps.set(partition, new Pump({ partition, position, read: this.#store.read, receiver: () => options, onTaken: () => undefined, onLost }));
    };
    return {
      start: async () => {
        const partitions = options.topics.flatMap((topic) => this.#store.partitions(topic));
        const starts = partitions.map((partition) => readerStart(partition, options.from));
        partitions.forEach((partition, i) => serve(partition, starts[i]!));
      },
      topicCreated: async (topic) => {
        if (!options.topics.includes(topic)) return;
        for (const partition of this.#store.partitions(topic)) if (!pumps.has(partition)) serve(partition, 0);
      },
      close: async () => void (await Promise.all([...pumps.values()].map((pump) => pump.stop()))),
    };
  }

  #member(name: string, options: SubscribeOptions): Session {
    const { from } = options;
    if (typeof from !== 'string') throw new Failure('misconfigured', `group ${name}: explicit positions are for readers without a group`);
    const member = memberOf(options);
    const inTurn = <T>(work: (group: Group) => Promise<T>): Promise<T> => this.#inTurn(name, work);
    return {
      start: () =>
        inTurn(async (group) => {
          await this.#serve(
            name,
            group,
            options.topics.flatMap((topic) => this.#store.partitions(topic)),
            from,
          );
          group.join(member);
        }),
      topicCreated: async (topic) => {
        if (member.topics.has(topic)) await inTurn((group) => this.#serve(name, group, this.#store.partitions(topic), 'earliest'));
      },
      close: () => inTurn((group) => group.leave(member)),
    };
  }

  /** Joins and leaves of a group happen one after the other, so that a newcomer finds the offsets of who has just left. */
  #inTurn<T>(name: string, work: (group: Group) => Promise<T>): Promise<T> {
    const entry = this.#groups.get(name) ?? { group: new Group(name, this.#store), turn: Promise.resolve() };
    this.#groups.set(name, entry);
    const result = entry.turn.then(() => work(entry.group));
    entry.turn = result.catch(() => undefined);
    return result;
  }

  async #serve(name: string, group: Group, partitions: readonly Partition[], from: 'earliest' | 'latest'): Promise<void> {
    const unserved = partitions.filter((partition) => !group.has(partition));
    const fresh = unserved.map((partition) => (from === 'earliest' ? partition.earliest : partition.next));
    const committed = await this.#store.committed(name, unserved);
    for (const [i, partition] of unserved.entries()) {
      const position = committed[i] ?? fresh[i]!;
      // A group that starts at the end has a position from then on, even if it ends before its first record.
      if (committed[i] === null && from === 'latest') await this.#store.commit(name, partition, position);
      group.serve(partition, position);
    }
  }
}

function readerStart(partition: Partition, from: SubscribeOptions['from']): number {
  if (from === 'latest') return partition.next;
  const position = from === 'earliest' ? undefined : from.find(({ topic, partition: number }) => topic === partition.topic && number === partition.number);
  if (!position) return partition.earliest;
  const start = Number(position.offset);
  if (start < partition.earliest || start > partition.next) throw lostPosition(partition, start);
  return start;
}
