import type { SubscribeOptions } from '../change-log.ts';
import type { Partition } from './partition.ts';
import { Pump, type Receiver, type ReadRecords } from './pump.ts';

export interface Member extends Receiver {
  topics: ReadonlySet<string>;
}

export interface GroupStore {
  read: ReadRecords;
  commit(group: string, partition: Partition, next: number): Promise<void>;
  /** Told of a commit that failed; the records may come again after a restart. */
  commitFailed(group: string, error: unknown): void;
}

/**
 * The members of one consumer group in this process. Each partition has one pump, whoever is there: a member that joins or
 * leaves changes who gets the next batch, so that no record is in two members' hands.
 */
export class Group {
  readonly #name: string;
  readonly #store: GroupStore;
  readonly #members: Member[] = [];
  readonly #pumps = new Map<Partition, Pump>();
  readonly #commits = new Set<Promise<void>>();

  constructor(name: string, store: GroupStore) {
    this.#name = name;
    this.#store = store;
  }

  get empty(): boolean {
    return this.#members.length === 0;
  }

  join(member: Member): void {
    this.#members.push(member);
    for (const pump of this.#pumps.values()) pump.wake();
  }

  has(partition: Partition): boolean {
    return this.#pumps.has(partition);
  }

  /** Starts delivery of a partition at its next offset. */
  serve(partition: Partition, position: number): void {
    const pump = new Pump({
      partition,
      position,
      read: this.#store.read,
      receiver: () => this.#memberOf(partition),
      onTaken: (next) => this.#commit(partition, next),
      onLost: (failure) => {
        this.#memberOf(partition)?.onFailure?.(failure);
        return partition.earliest;
      },
    });
    this.#pumps.set(partition, pump);
  }

  /** Takes a member out; resolves once it holds no batch and its offsets are durable. The last one out stops the pumps. */
  async leave(member: Member): Promise<void> {
    this.#members.splice(this.#members.indexOf(member), 1);
    const pumps = [...this.#pumps.values()];
    const last = this.#members.length === 0;
    if (last) this.#pumps.clear();
    await Promise.all(pumps.map((pump) => (last ? pump.stop() : pump.released(member))));
    for (const pump of pumps) pump.wake();
    await Promise.all(this.#commits);
  }

  #memberOf(partition: Partition): Member | undefined {
    const takers = this.#members.filter((member) => member.topics.has(partition.topic));
    return takers[partition.number % takers.length];
  }

  #commit(partition: Partition, next: number): void {
    const commit = this.#store.commit(this.#name, partition, next).catch((error: unknown) => this.#store.commitFailed(this.#name, error));
    this.#commits.add(commit);
    void commit.finally(() => this.#commits.delete(commit));
  }
}

export function memberOf(options: SubscribeOptions): Member {
  return { topics: new Set(options.topics), onBatch: options.onBatch, onFailure: options.onFailure };
}
