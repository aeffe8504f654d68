import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '#libs/failure/failure';
import { backoffMs } from '#libs/runtime/backoff';
import type { Batch, StoredRecord } from '../change-log.ts';
import type { Partition } from './partition.ts';

export type ReadRecords = (partition: Partition, from: number, to: number) => Promise<{ records: readonly StoredRecord[]; through: number }>;

/** One who takes batches. */
export interface Receiver {
  onBatch(batch: Batch): Promise<void>;
  onFailure?: ((error: unknown) => void) | undefined;
}

export interface PumpOptions {
  partition: Partition;
  position: number;
  read: ReadRecords;
  /** Who gets the next batch; undefined while nobody does: then `wake` is called later. */
  receiver: () => Receiver | undefined;
  /** Told after a batch was taken. */
  onTaken: (next: number) => void;
  /** What follows when records before `position` are gone: the new position, or undefined to stop. */
  onLost: (failure: Failure) => number | undefined;
}

/** Delivers one partition, one batch at a time, from a position on. */
export class Pump {
  readonly #options: PumpOptions;
  readonly #stopping = new AbortController();
  #position: number;
  #attempt = 0;
  #wake: () => void = () => undefined;
  /** Set while a receiver holds a batch. */
  #holding: { receiver: Receiver; done: Promise<void> } | undefined;
  readonly done: Promise<void>;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#position = options.position;
    this.done = this.#run();
  }

  /** Looks again for records or a receiver. */
  wake(): void {
    this.#wake();
  }

  /** Resolves once `receiver` holds no batch of this partition. */
  async released(receiver: Receiver): Promise<void> {
    if (this.#holding?.receiver === receiver) await this.#holding.done;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.done;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { partition, receiver } = this.#options;
      if (receiver() === undefined || this.#position === partition.next) {
        await this.#idle();
        continue;
      }
      const records = await this.#fetch();
      if (records === 'stop') return;
      // Asked only now: whoever was there before the read may have left meanwhile.
      const taker = receiver();
      if (taker && records.length > 0 && !this.#stopped) await this.#deliver(taker, records);
    }
  }

  #idle(): Promise<void> {
    const woken = Promise.withResolvers<void>();
    const forget = this.#options.partition.onAppend(woken.resolve);
    this.#wake = () => {
      forget();
      woken.resolve();
    };
    return woken.promise;
  }

  async #fetch(): Promise<readonly StoredRecord[] | 'stop'> {
    const { partition, read } = this.#options;
    if (this.#position < partition.earliest || this.#position > partition.next) return this.#lost();
    const cached = partition.tail.from(this.#position, 1_000);
    if (cached) return cached;
    try {
      const { records, through } = await read(partition, this.#position, partition.next);
      const first = records[0] ? Number(records[0].offset) : through;
      if (first > this.#position && !partition.compact) return this.#lost();
      if (records.length === 0) this.#position = through;
      return records;
    } catch (error) {
      if (this.#stopped) return 'stop';
      this.#options.receiver()?.onFailure?.(error);
      await this.#pause();
      return [];
    }
  }

  #lost(): readonly StoredRecord[] | 'stop' {
    const next = this.#options.onLost(lostPosition(this.#options.partition, this.#position));
    if (next === undefined) return 'stop';
    this.#position = next;
    return [];
  }

  async #deliver(receiver: Receiver, records: readonly StoredRecord[]): Promise<void> {
    const { partition, onTaken } = this.#options;
    const done = Promise.withResolvers<void>();
    this.#holding = { receiver, done: done.promise };
    try {
      await receiver.onBatch({ topic: partition.topic, partition: partition.number, records });
      this.#attempt = 0;
      this.#position = Number(records.at(-1)!.offset) + 1;
      onTaken(this.#position);
    } catch (error) {
      receiver.onFailure?.(error);
      this.#release(done);
      await this.#pause();
    } finally {
      this.#release(done);
    }
  }

  #release(done: PromiseWithResolvers<void>): void {
    this.#holding = undefined;
    done.resolve();
  }

  async #pause(): Promise<void> {
    const wait = backoffMs(this.#attempt);
    this.#attempt += 1;
    await delay(wait, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

export function lostPosition(partition: Partition, position: number): Failure {
  const { topic, number, earliest, next } = partition;
  return new Failure('position-lost', `${topic}/${number}: offset ${position} is not kept (${earliest} to ${next} are)`, {
    detail: { topic, partition: number, position, earliest, next },
  });
}
