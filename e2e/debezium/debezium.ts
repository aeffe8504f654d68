import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mavenJars } from '../../deploy/local/maven-jars.ts';
import { ServiceProcess } from '../../deploy/local/service-process.ts';
import { eventually } from '../support/process.ts';
import { REPOSITORY } from '../support/repository.ts';

export interface DebeziumOptions {
  /** Kept over restarts: settings, offsets, what it prints. */
  directory: string;
  brokers: string;
  databaseUrl: string;
  /** Port on 127.0.0.1 of Connect's REST API. */
  port: number;
  prefix: string;
  slot: string;
  publication: string;
  /** More properties of the connector; they win. */
  settings?: Readonly<Record<string, string>>;
}

/** As Kafka's own scripts start Connect, but for the heap: with the 2 GB that they allow it is no faster and takes twice the memory. */
const JVM = ['-Xms256M', '-Xmx1G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'];
const NAME = 'debezium';

/** The modes under which its values are those that capture writes (docs/cdc.md). */
const MODES = {
  'plugin.name': 'pgoutput',
  'decimal.handling.mode': 'string',
  'time.precision.mode': 'isostring',
  'interval.handling.mode': 'string',
  'binary.handling.mode': 'base64',
  'hstore.handling.mode': 'json',
  'replace.null.with.default': 'false',
};

/** What makes it fast: polled often, in large batches, and sent in large ones. */
const TUNING = {
  'poll.interval.ms': '5',
  'max.batch.size': '20480',
  'max.queue.size': '81920',
  'producer.override.batch.size': '524288',
};

/** Debezium's PostgreSQL connector in a Kafka Connect worker of its own: one process, offsets in a file. */
export class Debezium {
  readonly #process: ServiceProcess;

  private constructor(process: ServiceProcess) {
    this.#process = process;
  }

  /** Resolves once its task runs. Throws what it printed last when it does not. */
  static async start(options: DebeziumOptions): Promise<Debezium> {
    const { directory, port } = options;
    await mkdir(directory, { recursive: true });
    const jars = await mavenJars(REPOSITORY, 'e2e/debezium/pom.xml');
    const [worker, connector, log] = ['worker.properties', 'connector.properties', 'simplelogger.properties'].map((name) => join(directory, name));
    await Promise.all([
      writeProperties(worker as string, workerProperties(options)),
      writeProperties(connector as string, connectorProperties(options)),
      writeProperties(log as string, { 'org.slf4j.simpleLogger.defaultLogLevel': 'warn', 'org.slf4j.simpleLogger.showDateTime': 'true' }),
    ]);
    const process = new ServiceProcess({
      name: 'Debezium',
      command: [
        'java',
        ...JVM,
        '-cp',
        `${directory}:${join(jars, '*')}`,
        'org.apache.kafka.connect.cli.ConnectStandalone',
        worker as string,
        connector as string,
      ],
      cwd: directory,
      env: {},
      logFile: join(directory, 'connect.log'),
      readyUrl: `http://127.0.0.1:${port}/connectors/${NAME}/status`,
    });
    const started = new Debezium(process);
    try {
      await process.ready();
      const state = await eventually(
        () => settledState(port),
        () => `Debezium's task does not run: ${process.lastWords()}`,
        60_000,
      );
      if (state.state === 'FAILED') throw new Error(`Debezium failed: ${state.trace}`);
    } catch (error) {
      await process.end('SIGKILL');
      throw error;
    }
    return started;
  }

  get pid(): number {
    return this.#process.pid;
  }

  lastWords(): string {
    return this.#process.lastWords();
  }

  /** Orderly end; its offsets are written. */
  async stop(): Promise<void> {
    await this.#process.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#process.end('SIGKILL');
  }
}

function workerProperties({ brokers, directory, port }: DebeziumOptions): Record<string, string> {
  return {
    'bootstrap.servers': brokers,
    listeners: `http://127.0.0.1:${port}`,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'key.converter.replace.null.with.default': 'false',
    'value.converter.replace.null.with.default': 'false',
    'offset.storage.file.filename': join(directory, 'offsets'),
    'offset.flush.interval.ms': '1000',
    'connector.client.config.override.policy': 'All',
    // The connector is on the class path, where a service loader finds it; the reflective scan takes seconds.
    'plugin.discovery': 'service_load',
  };
}

function connectorProperties({ databaseUrl, prefix, slot, publication, settings }: DebeziumOptions): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return {
    name: NAME,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'database.hostname': hostname,
    'database.port': port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': decodeURIComponent(pathname.slice(1)),
    'topic.prefix': prefix,
    'slot.name': slot,
    'publication.name': publication,
    'publication.autocreate.mode': 'disabled',
    'topic.creation.default.replication.factor': '1',
    'topic.creation.default.partitions': '1',
    ...MODES,
    ...TUNING,
    ...settings,
  };
}

/** What became of its task; undefined while that is open. */
async function settledState(port: number): Promise<{ state: string; trace?: string } | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/connectors/${NAME}/status`);
  const { tasks } = (await response.json()) as { tasks: { state: string; trace?: string }[] };
  return tasks.find(({ state }) => state === 'RUNNING' || state === 'FAILED');
}

/** Java's format: a backslash begins an escape. */
async function writeProperties(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}
