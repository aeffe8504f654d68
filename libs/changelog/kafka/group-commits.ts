import type { Consumer } from 'kafkajs';
import type { Logger } from '#libs/runtime/logger';

/** Commits the newest offset of each partition, one request at a time; what comes meanwhile goes together in the next. */
export class GroupCommits {
  readonly #consumer: Consumer;
  readonly #logger: Logger;
  #pending = new Map<string, { topic: string; partition: number; offset: string }>();
  #running: Promise<void> | undefined;

  constructor(consumer: Consumer, logger: Logger) {
    this.#consumer = consumer;
    this.#logger = logger;
  }

  /** `next`: the offset after the last record taken. */
  mark(topic: string, partition: number, next: bigint): void {
    this.#pending.set(`${topic}/${partition}`, { topic, partition, offset: String(next) });
    this.#running ??= this.#run();
  }

  /** Resolves once everything marked so far is committed or has failed to be. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#pending.size > 0) {
      const offsets = [...this.#pending.values()];
      this.#pending = new Map();
      // A rebalance or a broker that is away: the records come again, to whoever has the partition then.
      await this.#consumer
        .commitOffsets(offsets)
        .catch((err: unknown) => this.#logger.debug({ err }, 'offsets were not committed; the records will come again'));
    }
    this.#running = undefined;
  }
}
