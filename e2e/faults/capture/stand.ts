import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { connectKafkaLog } from '#libs/testing/kafka-log';
import { TestPostgres } from '#libs/testing/own-postgres';
import { freePort } from '#libs/testing/postgres-server';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { KafkaBroker } from '../../../deploy/local/kafka-broker.ts';
import { eventually } from '../../support/process.ts';
import { REPOSITORY } from '../../support/repository.ts';
import { CaptureProcess } from './capture-process.ts';
import { type Entry, Ledger } from './ledger.ts';

const PREFIX = 'faults';
const SLOT = 'faults';

export interface TopicRecord {
  key: string | null;
  value: string | null;
  headers: Readonly<Record<string, string>>;
}

/** PostgreSQL, Kafka, and captures between them as processes: what faults are made in. */
export class Stand {
  readonly postgres: TestPostgres;
  readonly directory: string;
  /** Between everybody and Kafka, which names it as its address. */
  readonly proxy: TcpProxy;
  broker: KafkaBroker;
  readonly #captures: CaptureProcess[] = [];

  private constructor({ postgres, broker, directory, proxy }: Pick<Stand, 'postgres' | 'broker' | 'directory' | 'proxy'>) {
    this.postgres = postgres;
    this.broker = broker;
    this.directory = directory;
    this.proxy = proxy;
  }

  /** `prepare` has the directory of the broker's data before there is a broker. */
  static async open(prepare: (kafkaDirectory: string) => Promise<void> = async () => undefined): Promise<Stand> {
    const directory = await mkdtemp(join(tmpdir(), 'lakeloop-faults-'));
    const port = await freePort();
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port });
    const dataDirectory = join(directory, 'kafka');
    await prepare(dataDirectory);
    const settings = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` };
    const [postgres, broker] = await Promise.all([
      TestPostgres.start({ wal_sender_timeout: '10s' }),
      KafkaBroker.start({ root: REPOSITORY, dataDirectory, port, settings }),
    ]);
    const stand = new Stand({ postgres, broker, directory, proxy });
    await stand.sql(Ledger.DDL);
    return stand;
  }

  /** What a capture is started with. */
  get environment(): Record<string, string> {
    return {
      DATABASE_URL: this.postgres.url,
      KAFKA_BROKERS: `127.0.0.1:${this.proxy.port}`,
      CDC_TOPIC_PREFIX: PREFIX,
      CDC_SLOT: SLOT,
      CDC_SNAPSHOT: 'never',
      CDC_TAKEOVER_AFTER_MS: '2000',
      LOG_LEVEL: 'info',
    };
  }

  async capture(env: Readonly<Record<string, string>> = {}, port?: number): Promise<CaptureProcess> {
    const capture = await CaptureProcess.start({ ...this.environment, ...env }, port);
    this.#captures.push(capture);
    return capture;
  }

  /** On a connection of its own, since servers end here. */
  async sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.postgres.url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** WAL that the slot holds back, bytes. */
  async slotGrowth(): Promise<number> {
    const rows = await this.sql<{ bytes: string }>(
      `select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text as bytes from pg_replication_slots where slot_name = '${SLOT}'`,
    ).catch(() => []);
    return Number(rows[0]?.bytes ?? 0);
  }

  /** What a topic has, in order. */
  async records(topic: string): Promise<TopicRecord[]> {
    const log = connectKafkaLog(this.broker.brokers);
    try {
      const records: TopicRecord[] = [];
      const bounds = await log.bounds(`${PREFIX}.${topic}`);
      for (const { partition, earliest } of bounds)
        for await (const { key, value, headers } of log.read(`${PREFIX}.${topic}`, partition, earliest))
          records.push({ key: key?.toString() ?? null, value: value?.toString() ?? null, headers });
      return records;
    } finally {
      await log.close();
    }
  }

  /** Records of a topic, with the broker's own marks among them. */
  async count(topic: string): Promise<number> {
    const log = connectKafkaLog(this.broker.brokers);
    try {
      return (await log.bounds(`${PREFIX}.${topic}`)).reduce((sum, { earliest, next }) => sum + Number(next - earliest), 0);
    } finally {
      await log.close();
    }
  }

  /** A topic as an operator may have made it, with a limit of its own. */
  async narrowTopic(topic: string, maxMessageBytes: number): Promise<void> {
    const admin = new Kafka({ brokers: [this.broker.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = [{ name: 'max.message.bytes', value: String(maxMessageBytes) }];
    await admin.createTopics({ topics: [{ topic: `${PREFIX}.${topic}`, numPartitions: 1, configEntries }] });
    await admin.disconnect();
  }

  async delivered(): Promise<Entry[]> {
    const values = (await this.records(Ledger.TABLE)).map(({ value }) => (value === null ? null : (JSON.parse(value) as { after: Entry | null }).after));
    return values.filter((after) => after !== null).map(({ key, seq }) => ({ key, seq }));
  }

  /** Resolves once the topic has this entry. */
  async untilDelivered({ key, seq }: Entry, withinMs = 60_000): Promise<void> {
    await eventually(
      async () => (await this.delivered()).some((entry) => entry.key === key && entry.seq >= seq),
      () => `${key}:${seq} never came: ${this.#captures.map(({ output }) => output.slice(-1_500)).join('\n---\n')}`,
      withinMs,
    );
  }

  /** `release`: once nobody uses the directories any more. */
  async close(release: () => void = () => undefined): Promise<void> {
    for (const capture of this.#captures) {
      if (!capture.exited) capture.signal('SIGCONT');
      await capture.end('SIGKILL');
    }
    await this.broker.kill();
    await this.proxy.stop();
    await this.postgres.stop();
    release();
    await rm(this.directory, { recursive: true, force: true });
  }
}
