import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../../support/process.ts';

/** A write that the database acknowledged: the value of a key. */
export interface Entry {
  key: number;
  seq: number;
}

export interface LedgerOptions {
  /** Asked at every connection: the server may come back elsewhere. */
  url: () => string;
  random: () => number;
  keys: number;
  /** Pause between writes, ms. */
  pauseMs: number;
}

/**
 * Writes values that grow by key, one transaction at a time, and keeps a journal of those that were acknowledged: the oracle. A write whose answer was lost is
 * neither repeated nor counted; the next one of its key is greater all the same.
 */
export class Ledger {
  readonly journal: Entry[] = [];
  readonly #options: LedgerOptions;
  readonly #next = new Map<number, number>();
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  static readonly TABLE = 'public.ledger';
  static readonly DDL = 'create table ledger (key int primary key, seq int not null, filler text)';

  start(): void {
    this.#stopped = false;
    this.#running = this.#run();
  }

  /** Resolves once the write in flight is settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Resolves once so many were acknowledged since the start. */
  async writes(count: number): Promise<void> {
    await eventually(
      async () => this.journal.length >= count,
      () => 'the database takes no writes',
    );
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const client = new pg.Client({ connectionString: this.#options.url(), connectionTimeoutMillis: 2_000, query_timeout: 5_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!this.#stopped) await this.#write(client);
      } catch {
        await delay(20);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  /** One to four keys in one transaction. */
  async #write(client: pg.Client): Promise<void> {
    const { random, keys, pauseMs } = this.#options;
    const first = Math.floor(random() * keys);
    const entries = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index) => this.#entry((first + index) % keys));
    await client.query(
      `insert into ledger select key, seq, repeat('x', 100) from unnest($1::int[], $2::int[]) as e (key, seq)
         on conflict (key) do update set seq = excluded.seq, filler = excluded.filler`,
      [entries.map(({ key }) => key), entries.map(({ seq }) => seq)],
    );
    this.journal.push(...entries);
    if (pauseMs > 0) await delay(pauseMs * random());
  }

  #entry(key: number): Entry {
    const seq = (this.#next.get(key) ?? 0) + 1;
    this.#next.set(key, seq);
    return { key, seq };
  }
}
