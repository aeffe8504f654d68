import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres, freePort } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import type { TestDatabase } from './postgres.ts';

type Settings = Readonly<Record<string, string | number>>;

/** A PostgreSQL server of a test's own: for settings that belong to a server, and for ending it in the middle. */
export class TestPostgres {
  readonly #directory: string;
  readonly #port: number;
  #settings: Settings;
  #server: EmbeddedPostgres;

  private constructor(directory: string, port: number, settings: Settings, server: EmbeddedPostgres) {
    this.#directory = directory;
    this.#port = port;
    this.#settings = settings;
    this.#server = server;
  }

  static async start(settings: Settings = {}): Promise<TestPostgres> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-pg-'));
    const port = await freePort();
    return new TestPostgres(directory, port, settings, await open(join(directory, 'data'), port, settings));
  }

  /** Of the superuser in the database `postgres`. */
  get url(): string {
    return this.#server.url();
  }

  get dataDirectory(): string {
    return join(this.#directory, 'data');
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Ends it and starts it again on the same port and data; `immediate` is a crash. Other settings hold from then on. */
  async restart(mode: 'fast' | 'immediate' = 'fast', settings: Settings = this.#settings): Promise<void> {
    await this.end(mode);
    this.#settings = settings;
    this.#server = await open(this.dataDirectory, this.#port, settings);
  }

  async end(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.#server.stop(mode);
  }

  /** Its database `postgres`, as tests have databases elsewhere. */
  async database(): Promise<TestDatabase> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => undefined);
    await client.connect();
    return {
      name: 'postgres',
      url: this.url,
      urlAs: (user, password) => this.#server.url('postgres', user, password),
      client,
      drop: () => client.end().catch(() => undefined),
    };
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#server.stop('immediate');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function open(dataDirectory: string, port: number, settings: Settings): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({
    dataDirectory,
    password: 'test',
    port,
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', log_min_messages: 'fatal', ...settings },
    logger: createLogger({ service: 'test', level: 'warn' }),
  });
}
