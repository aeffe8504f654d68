import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { POLICY_CHANNEL } from '#libs/governance/policy/apply-policy';
import { TABLE_CHANNEL } from '#libs/governance/table-channel';
import { backoffMs } from '#libs/runtime/backoff';
import type { Lifecycle } from '#libs/runtime/lifecycle';
import type { Logger } from '#libs/runtime/logger';

export interface PolicyWatchOptions {
  pool: pg.Pool;
  logger: Logger;
  /** What may have changed must be asked again: told of a policy, after every reconnect, and every `everyMs`, since grants change without a word. */
  onSuspicion: (cause: 'policy' | 'reconnect' | 'interval') => void;
  everyMs: number;
  /** A table, by its oid, is built or labelled otherwise now. */
  onTable: (oid: number) => void;
}

/** Listens for new policies and edits of tables, over one connection of its own that is opened again whenever it breaks. */
export class PolicyWatch implements Lifecycle {
  readonly name = 'policy watch';
  readonly #options: PolicyWatchOptions;
  readonly #stopping = new AbortController();
  #listening = false;
  #timer: NodeJS.Timeout | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(options: PolicyWatchOptions) {
    this.#options = options;
  }

  /** Whether changes of the policy are heard. */
  get listening(): boolean {
    return this.#listening;
  }

  async run(): Promise<void> {
    this.#done = this.#keepListening();
    this.#timer = setInterval(() => this.#listening && this.#options.onSuspicion('interval'), this.#options.everyMs);
    this.#timer.unref();
  }

  async drain(): Promise<void> {
    clearInterval(this.#timer);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #keepListening(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#listenOnce(() => (attempt = 0));
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'the policy channel is not heard: Postgres does not answer');
      }
      this.#listening = false;
      await delay(backoffMs(attempt), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Returns when the connection has ended. */
  async #listenOnce(connected: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const client = await this.#options.pool.connect();
    const ended = Promise.withResolvers<void>();
    const end = (): void => ended.resolve();
    client
      .on('error', end)
      .on('end', end)
      .on('notification', ({ channel, payload }) => (channel === TABLE_CHANNEL ? this.#options.onTable(Number(payload)) : this.#options.onSuspicion('policy')));
    signal.addEventListener('abort', end);
    try {
      await client.query(`listen ${POLICY_CHANNEL}; listen ${TABLE_CHANNEL}`);
      this.#listening = true;
      connected();
      this.#options.onSuspicion('reconnect');
      if (!signal.aborted) await ended.promise;
    } finally {
      signal.removeEventListener('abort', end);
      client.release(true);
    }
  }
}
