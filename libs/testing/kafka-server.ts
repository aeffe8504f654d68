import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, Wait } from 'testcontainers';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { KafkaBroker } from '../../deploy/local/kafka-broker.ts';
import { dockerAnswers, runs, type Availability } from './availability.ts';

/** A real broker for tests: Docker where an engine answers, else Java. */
export interface TestKafka {
  readonly brokers: string;
  /** As a crash ends it. */
  kill(): Promise<void>;
  /** After `kill`: up again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const IMAGE = 'apache/kafka:4.1.1';
/** The cleaner runs often, so that compaction can be watched. */
const SETTINGS = { 'log.cleaner.backoff.ms': 100, 'log.retention.check.interval.ms': 500, 'log.initial.task.delay.ms': 500 };

/** `root`: the repository. */
export async function resolveKafka(root = process.cwd()): Promise<Availability> {
  if (await dockerAnswers()) return { kind: 'docker' };
  if (!(await runs('java', ['-version']))) return { kind: 'unavailable', reason: 'Kafka needs a container engine, or Java 17 or later on the PATH' };
  if (existsSync(join(root, '.kafka')) || (await runs('mvn', ['-v']))) return { kind: 'native' };
  return { kind: 'unavailable', reason: 'Kafka needs a container engine, or Maven on the PATH to fetch its jars' };
}

/** Throws `dependency-unavailable` when none can be had. */
export async function startKafka(root = process.cwd()): Promise<TestKafka> {
  return (await dockerAnswers()) ? startInDocker() : startNatively(root);
}

async function startNatively(root: string): Promise<TestKafka> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'lakeloop-kafka-'));
  let broker = await KafkaBroker.start({ root, dataDirectory, settings: SETTINGS });
  return {
    brokers: broker.brokers,
    kill: () => broker.kill(),
    restart: async () => void (broker = await broker.restart()),
    stop: async () => {
      await broker.kill();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function startInDocker(): Promise<TestKafka> {
  const port = await freePort();
  const settings = Object.fromEntries(Object.entries(SETTINGS).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, String(value)]));
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      ...settings,
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_HEAP_OPTS: '-Xms128m -Xmx512m',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  return {
    brokers: `127.0.0.1:${port}`,
    kill: () => container.stop({ remove: false, timeout: 0 }).then(() => undefined),
    restart: () => container.restart(),
    stop: () => container.stop({ timeout: 0 }).then(() => undefined),
  };
}

/** Brokers of the run's Kafka, started by global-setup/kafka.ts. */
export function testBrokers(): string[] {
  const brokers = process.env['LAKELOOP_TEST_KAFKA_BROKERS'];
  if (!brokers) throw new Error('no test Kafka: run through jest with the project of this suffix (see docs/testing.md)');
  return brokers.split(',');
}
