import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { classify } from '#libs/failure/classify';
import { FAILURE_POLICY } from '#libs/failure/policy';
import { retrying } from '#libs/runtime/backoff';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';

/**
 * Queues on Postgres serve one process (taskforcesh/bullmq#4814, decisions.md 11): a session lock in their database says whether this is it. Throws a `misconfigured`
 * Failure when another holds it. A lost connection is taken up again; while it is gone, the queues are too.
 */
export class OnlyProcess implements Lifecycle {
  readonly name = 'only workflow process';
  readonly #connectionString: string;
  readonly #logger: Logger;
  readonly #ending = new AbortController();
  #client: pg.Client | undefined;

  constructor(connectionString: string, logger: Logger) {
    this.#connectionString = connectionString;
    this.#logger = logger;
  }

  run(): Promise<void> {
    return retrying(() => this.#take(), {
      retryable: (error) => FAILURE_POLICY[classify(error).kind].reaction === 'retry',
      signal: this.#ending.signal,
      onRetry: (error) => this.#logger.warn({ reason: classify(error).message }, 'the queue database does not answer; trying again'),
    });
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#client?.end();
  }

  async #take(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#connectionString, application_name: 'lakeloop-workflow-only', keepAlive: true });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock(hashtextextended('lakeloop.workflow', 0)) as taken");
    if (!rows[0]?.taken) {
      await client.end();
      throw new Failure('misconfigured', 'another workflow process uses these queues: queues on Postgres serve one process; set REDIS_URL to run several');
    }
    this.#client = client;
    client.once('end', () => {
      if (!this.#ending.signal.aborted)
        void this.run().catch((error: unknown) => this.#logger.fatal({ err: error }, 'another workflow process took the queues'));
    });
  }
}
