import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connectKafkaLog } from '#libs/testing/kafka-log';
import { startPostgresServer } from '#libs/testing/postgres-server';
import { KafkaBroker } from '../../../deploy/local/kafka-broker.ts';
import { eventually } from '../../support/process.ts';
import { REPOSITORY } from '../../support/repository.ts';

/** A change of about 170 bytes as pgoutput sends it. */
const COLUMNS = 'id bigint generated always as identity primary key, account text, amount numeric(14,2), currency text, at timestamptz, note text';
const ROW = `'account-' || n % 1000, n * 1.37, 'EUR', now(), repeat('x', 60)`;
const ROWS_PER_TRANSACTION = 100;

/** A PostgreSQL and a Kafka of the benchmark's own, over TCP on loopback. */
export class Stage {
  readonly directory: string;
  readonly client: pg.Client;
  /** For looking while `client` works. */
  readonly watcher: pg.Pool;
  readonly broker: KafkaBroker;
  readonly log: ReturnType<typeof connectKafkaLog>;
  readonly databaseUrl: string;
  readonly #stopPostgres: () => Promise<void>;

  private constructor(parts: Pick<Stage, 'directory' | 'client' | 'broker' | 'databaseUrl'>, stopPostgres: () => Promise<void>) {
    this.directory = parts.directory;
    this.client = parts.client;
    this.watcher = new pg.Pool({ connectionString: parts.databaseUrl, max: 1 });
    this.broker = parts.broker;
    this.databaseUrl = parts.databaseUrl;
    this.log = connectKafkaLog(parts.broker.brokers);
    this.#stopPostgres = stopPostgres;
  }

  static async open(): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-bench-cdc-'));
    const [postgres, broker] = await Promise.all([
      startPostgresServer(join(directory, 'postgres'), { shared_buffers: '256MB', max_wal_size: '16GB', checkpoint_timeout: '1h', autovacuum: 'off' }),
      KafkaBroker.start({ root: REPOSITORY, dataDirectory: join(directory, 'kafka') }),
    ]);
    const databaseUrl = postgres.url();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('create schema bench');
    return new Stage({ directory, client, broker, databaseUrl }, () => postgres.stop());
  }

  async createTable(name: string): Promise<void> {
    await this.client.query(`create table bench.${name} (${COLUMNS})`);
  }

  /** Inserts rows in transactions of 100. */
  async fill(table: string, rows: number): Promise<void> {
    await this.client.query(`set synchronous_commit = off`);
    await this.client.query(`do $$ declare left_over int := ${rows}; begin while left_over > 0 loop
      insert into bench.${table} (account, amount, currency, at, note) select ${ROW} from generate_series(1, least(left_over, ${ROWS_PER_TRANSACTION})) n;
      commit; left_over := left_over - ${ROWS_PER_TRANSACTION}; end loop; end $$`);
    await this.client.query(`reset synchronous_commit`);
    // What a backlog is read from lies on disk, as it would.
    await this.client.query('checkpoint');
  }

  async close(): Promise<void> {
    await this.client.end();
    await this.watcher.end();
    await this.log.close();
    await this.broker.kill();
    await this.#stopPostgres();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A session that just ended gives its slot up a moment later. */
export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  await eventually(
    async () => (await client.query('select from pg_replication_slots where slot_name = $1 and not active', [slot])).rowCount === 1,
    () => `slot ${slot} is still in use`,
  );
  await client.query('select pg_drop_replication_slot($1)', [slot]);
}
