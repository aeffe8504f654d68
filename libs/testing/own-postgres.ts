import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres, freePort } from '#libs/postgres/embedded/embedded-postgres';
import { giveAway } from '#libs/postgres/embedded/unprivileged';
import { createLogger } from '#libs/runtime/logger';
import type { TestDatabase } from './postgres.ts';
import { testBinaries, testMajor } from './postgres-binaries.ts';

type Settings = Readonly<Record<string, string | number>>;

/** What a base backup leaves out: the process's own file, and slots, which a standby has its own of. */
const NOT_COPIED = /^\/(postmaster\.(pid|opts)$|pg_replslot\/.|pg_wal\/.|pg_stat_tmp\/.)/;

/** Its functions had other names before 15. */
const OLD_BACKUP = { start: `pg_start_backup('standby', true, false)`, stop: 'pg_stop_backup(false)' };

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

  /** A streaming standby of this server, with the physical slot `standby`. */
  async standby(settings: Settings = {}): Promise<TestPostgres> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-pg-'));
    const [data, port] = [join(directory, 'data'), await freePort()];
    const { client, drop } = await this.database();
    try {
      await client.query(`select pg_create_physical_replication_slot('standby', true)`);
      const backup = testMajor() >= 15 ? { start: `pg_backup_start('standby', true)`, stop: 'pg_backup_stop(false)' } : OLD_BACKUP;
      await client.query(`select ${backup.start}`);
      await cp(this.dataDirectory, data, { recursive: true, filter: (path) => !NOT_COPIED.test(path.slice(this.dataDirectory.length)) });
      const { rows } = await client.query<{ labelfile: string }>(`select labelfile from ${backup.stop}`);
      await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
    } finally {
      await drop();
    }
    await writeFile(join(data, 'standby.signal'), '');
    await giveAllAway(data);
    const url = new URL(this.url);
    const primary = `host=127.0.0.1 port=${url.port} user=postgres password=${url.password} dbname=postgres application_name=standby`;
    const all = { primary_conninfo: primary, primary_slot_name: 'standby', hot_standby_feedback: 'on', ...settings };
    return new TestPostgres(directory, port, all, await open(data, port, all));
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
    binaries: testBinaries(),
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', log_min_messages: 'fatal', ...settings },
    logger: createLogger({ service: 'test', level: 'warn' }),
  });
}

/** A copy belongs to whoever copied it. */
async function giveAllAway(directory: string): Promise<void> {
  await giveAway(directory);
  for (const entry of await readdir(directory, { recursive: true })) await giveAway(join(directory, entry));
}
