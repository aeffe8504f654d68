import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from '#libs/runtime/backoff';
import type { StoredRecord, SubscribeOptions } from '../change-log.ts';
import type { FetchedPartition, WantedPartition } from './fetch.ts';

/** Delivery of one partition to a reader: one batch in its hands, at most one more waiting. */
export class ReaderLane {
  readonly topic: string;
  readonly partition: number;
  readonly #options: Pick<SubscribeOptions, 'onBatch' | 'onFailure'>;
  readonly #onFree: () => void;
  readonly #closing = new AbortController();
  #position: bigint;
  #waiting: readonly StoredRecord[] | undefined;
  #running: Promise<void> | undefined;
  /** Set when its position is gone: nothing is delivered any more. */
  lost = false;

  constructor(start: WantedPartition, options: Pick<SubscribeOptions, 'onBatch' | 'onFailure'>, onFree: () => void) {
    this.topic = start.topic;
    this.partition = start.partition;
    this.#position = start.position;
    this.#options = options;
    this.#onFree = onFree;
  }

  /** Where to fetch next; undefined while a batch waits. */
  wanted(): WantedPartition | undefined {
    if (this.lost || this.#waiting !== undefined) return undefined;
    return { topic: this.topic, partition: this.partition, position: this.#position };
  }

  take({ records, through }: FetchedPartition): void {
    this.#position = through;
    if (records.length === 0) return;
    this.#waiting = records;
    this.#running ??= this.#run();
  }

  /** Resolves when no batch is in hand. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined && !this.#closing.signal.aborted) {
      const records = this.#waiting;
      this.#waiting = undefined;
      this.#onFree();
      await this.#deliver(records);
    }
    this.#running = undefined;
  }

  async #deliver(records: readonly StoredRecord[]): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; attempt += 1) {
      try {
        return await this.#options.onBatch({ topic: this.topic, partition: this.partition, records });
      } catch (error) {
        this.#options.onFailure?.(error);
        await delay(backoffMs(attempt), undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}
