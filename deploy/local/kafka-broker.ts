import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { retrying } from '#libs/runtime/backoff';
import { Child } from './child.ts';
import { mavenJars } from './maven-jars.ts';

export interface KafkaBrokerOptions {
  /** The repository, which holds deploy/kafka/pom.xml and the cache of jars. */
  root: string;
  /** Kept over restarts; formatted when new. */
  dataDirectory: string;
  /** Client port on 127.0.0.1; absent: a free one. */
  port?: number;
  /** More lines for server.properties. */
  settings?: Readonly<Record<string, string | number>>;
}

const READY_WITHIN_MS = 60_000;
/** Compiled once and lightly: on a machine of few cores the optimizing compiler takes more than it gives within the life of a test or a try. */
const JVM = ['-Xms128m', '-Xmx512m', '-XX:TieredStopAtLevel=1'];

/** One Apache Kafka broker in KRaft mode on loopback, run by Java from jars: up in about 3 s. */
export class KafkaBroker {
  readonly port: number;
  readonly #options: KafkaBrokerOptions;
  readonly #child: Child;

  private constructor(options: KafkaBrokerOptions, port: number, child: Child) {
    this.#options = options;
    this.port = port;
    this.#child = child;
  }

  /** Resolves once the broker takes connections. Throws `dependency-unavailable` with what it printed when it does not start. */
  static async start(options: KafkaBrokerOptions): Promise<KafkaBroker> {
    const { dataDirectory, root } = options;
    const jars = await mavenJars(root, 'deploy/kafka/pom.xml');
    await mkdir(dataDirectory, { recursive: true });
    const port = options.port ?? (await freePort());
    const properties = join(dataDirectory, 'server.properties');
    await writeFile(properties, propertiesText(dataDirectory, port, await freePort(), options.settings ?? {}));
    const classPath = join(jars, '*');
    if (!existsSync(join(dataDirectory, 'log', 'meta.properties'))) await format(classPath, properties, dataDirectory);
    const child = new Child('java', [...JVM, '-cp', classPath, 'kafka.Kafka', properties], dataDirectory);
    const broker = new KafkaBroker(options, port, child);
    await broker.#untilReady();
    return broker;
  }

  /** For KAFKA_BROKERS. */
  get brokers(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** It is gone, whoever ended it. */
  get ended(): boolean {
    return this.#child.ended;
  }

  /** The last that it printed. */
  get output(): string {
    return this.#child.output;
  }

  /** Orderly end. */
  stop(): Promise<void> {
    return this.#child.end('SIGTERM');
  }

  /** As a crash ends it. */
  kill(): Promise<void> {
    return this.#child.end('SIGKILL');
  }

  /** After `stop` or `kill`: a new process on the same data and port. */
  restart(): Promise<KafkaBroker> {
    return KafkaBroker.start({ ...this.#options, port: this.port });
  }

  async #untilReady(): Promise<void> {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    try {
      await retrying(() => connectable(this.port), { initialMs: 50, maxMs: 100, signal, retryable: () => !this.#child.ended });
    } catch (cause) {
      await this.kill();
      throw new Failure('dependency-unavailable', `Kafka did not start: ${this.#child.output.split('\n').slice(-3).join(' | ') || 'it printed nothing'}`, {
        cause,
      });
    }
  }
}

function connectable(port: number): Promise<void> {
  const socket = createConnection({ host: '127.0.0.1', port });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(void socket.destroy()));
    socket.once('error', reject);
  });
}

async function format(classPath: string, properties: string, cwd: string): Promise<void> {
  // A leading dash would be taken for an option.
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const tool = new Child(
    'java',
    ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', properties],
    cwd,
  );
  if ((await tool.exitCode()) !== 0)
    throw new Failure('dependency-unavailable', `Kafka's storage could not be formatted: ${tool.output.split('\n').slice(-3).join(' | ')}`);
}

/** One node is broker and controller; internal topics have one replica and few partitions, so that a first start is quick. */
function propertiesText(dataDirectory: string, port: number, controllerPort: number, extra: Readonly<Record<string, string | number>>): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(dataDirectory, 'log'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    // A killed broker may register again once its old session has ended.
    'broker.heartbeat.interval.ms': 300,
    'broker.session.timeout.ms': 1_500,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...extra,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
