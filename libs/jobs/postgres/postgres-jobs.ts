import { createPostgresBackend, DEFAULT_SCHEMA, type Queue, runMigrations, withBackend, type Worker } from 'bullmq';
import pg from 'pg';
import type { Logger } from '#libs/runtime/logger';
import { type BullBackend, BullJobs, WORKER_DEFAULTS } from '../bull-jobs.ts';

export interface PostgresJobsOptions {
  /** A database of the queues' own: a job is 3 kB of WAL that the change stream need not read (decisions.md 13). The login may create a schema in it. */
  connectionString: string;
  logger: Logger;
  /** See BullJobsOptions. */
  stalledMs?: number;
}

/** Jobs on Postgres, in the schema `bullmq`, created when missing. Returns at once; the server may come later. */
export function createPostgresJobs({ connectionString, logger, ...options }: PostgresJobsOptions): BullJobs {
  return new BullJobs(new PostgresBackend(connectionString, logger), { logger, ...options });
}

/** Advisory lock of whoever changes schedules. */
const SCHEDULES = 0x6a6f6273;

const postgres = withBackend(createPostgresBackend);

class PostgresBackend implements BullBackend {
  readonly #pool: pg.Pool;
  #migrated: Promise<unknown> | undefined;

  constructor(connectionString: string, logger: Logger) {
    this.#pool = new pg.Pool({
      connectionString,
      application_name: 'lakeloop-jobs',
      options: `-c search_path=${DEFAULT_SCHEMA}`,
      max: 20,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    this.#pool.on('connect', (client) => void client.on('error', () => undefined));
    this.#pool.on('error', (error) => logger.warn({ err: error }, 'idle connection to the queue database lost'));
  }

  /** Migrates once; a failure is forgotten, so that the next call tries again. */
  async prepare(): Promise<void> {
    this.#migrated ??= this.#migrate();
    try {
      await this.#migrated;
    } catch (error) {
      this.#migrated = undefined;
      throw error;
    }
  }

  openQueue(name: string): Queue {
    return new postgres.Queue(name, { connection: this.#pool }) as unknown as Queue;
  }

  openWorker(name: string, work: Parameters<BullBackend['openWorker']>[1], options: Parameters<BullBackend['openWorker']>[2]): Worker {
    return new postgres.Worker(name, work, { connection: this.#pool, ...WORKER_DEFAULTS, ...options }) as unknown as Worker;
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query('select pg_advisory_lock($1)', [SCHEDULES]);
      return await work();
    } finally {
      // Closing the session gives the lock back, whatever state it is in.
      client.release(true);
    }
  }

  async ping(): Promise<void> {
    await this.#pool.query('select 1');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #migrate(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await runMigrations(client);
    } finally {
      client.release();
    }
  }
}
