import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from '#libs/runtime/logger';
import { type BullBackend, BullJobs, WORKER_DEFAULTS } from '../bull-jobs.ts';

export interface RedisJobsOptions {
  /** `redis://` or `rediss://`. */
  url: string;
  logger: Logger;
  /** See BullJobsOptions. */
  stalledMs?: number;
}

/** Jobs on Redis. Returns at once; Redis may come later. */
export function createRedisJobs({ url, logger, ...options }: RedisJobsOptions): BullJobs {
  return new BullJobs(new RedisBackend(url, logger), { logger, ...options });
}

class RedisBackend implements BullBackend {
  /** For adding and asking: fails soon when Redis is away, so that the caller decides. */
  readonly #asking: Redis;
  /** For workers: waits for Redis for ever, as BullMQ demands of them. */
  readonly #waiting: Redis;

  constructor(url: string, logger: Logger) {
    const retryStrategy = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 6), 1_000);
    this.#asking = new Redis(url, { maxRetriesPerRequest: 3, commandTimeout: 10_000, retryStrategy });
    this.#waiting = new Redis(url, { maxRetriesPerRequest: null, retryStrategy });
    for (const connection of [this.#asking, this.#waiting])
      connection.on('error', (error) => logger.warn({ err: error }, 'Redis does not answer; trying again'));
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  openQueue(name: string): Queue {
    return new Queue(name, { connection: this.#asking });
  }

  openWorker(name: string, work: Parameters<BullBackend['openWorker']>[1], options: Parameters<BullBackend['openWorker']>[2]): Worker {
    return new Worker(name, work, { connection: this.#waiting, ...WORKER_DEFAULTS, ...options });
  }

  /** Redis runs each of BullMQ's scripts alone. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async ping(): Promise<void> {
    await this.#asking.ping();
  }

  close(): Promise<void> {
    this.#asking.disconnect();
    this.#waiting.disconnect();
    return Promise.resolve();
  }
}
