import { join } from 'node:path';
import { freePort } from '#libs/testing/postgres-server';
import { serviceCommand } from '../../../deploy/local/service-command.ts';
import { ServiceProcess } from '../../../deploy/local/service-process.ts';
import { Debezium } from '../../debezium/debezium.ts';
import { REPOSITORY } from '../../support/repository.ts';
import type { Stage } from './stage.ts';

export type EngineName = 'lakeloop' | 'debezium';

/** A capture that runs as a process of its own. */
export interface RunningEngine {
  pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface EngineSettings {
  table: string;
  /** Captured beside it, in the same schema. */
  others?: readonly string[];
  /** `none`, `lz4`, …: asked of both sides; what the broker got is what the table shows. */
  compression: string;
  /** Whether rows that are there at the first start are read. */
  snapshot: boolean;
}

/** One side of the comparison: starts as often as it is told, always with the same slot, publication and topics. */
export class Engine {
  readonly name: EngineName;
  readonly #stage: Stage;
  readonly #settings: EngineSettings;
  #port: number | undefined;

  constructor(name: EngineName, stage: Stage, settings: EngineSettings) {
    this.name = name;
    this.#stage = stage;
    this.#settings = settings;
  }

  get topic(): string {
    return this.topicOf(this.#settings.table);
  }

  /** Where the broker keeps the topic's only partition. */
  get topicDirectory(): string {
    return join(this.#stage.directory, 'kafka', 'log', `${this.topic}-0`);
  }

  get #tables(): string {
    return [this.#settings.table, ...(this.#settings.others ?? [])].map((table) => `bench.${table}`).join(', ');
  }

  topicOf(table: string): string {
    return `${this.#prefix}.bench.${table}`;
  }

  get #prefix(): string {
    return `${this.name}-${this.#settings.table}`;
  }

  /** Name of its slot, and of its publication. */
  get slot(): string {
    return `${this.name}_${this.#settings.table}`;
  }

  async createPublication(): Promise<void> {
    await this.#stage.client.query(`create publication ${this.slot} for table ${this.#tables}`);
  }

  /** Resolves once the process says that it runs. */
  async start(): Promise<RunningEngine> {
    this.#port ??= await freePort();
    return this.name === 'lakeloop' ? this.#startOurs(this.#port) : this.#startDebezium(this.#port);
  }

  /** As `npm run cdc` does. */
  async #startOurs(port: number): Promise<RunningEngine> {
    const { compression, snapshot } = this.#settings;
    const service = new ServiceProcess({
      name: 'cdc',
      command: serviceCommand(REPOSITORY, 'cdc'),
      cwd: REPOSITORY,
      env: {
        DATABASE_URL: this.#stage.databaseUrl,
        KAFKA_BROKERS: this.#stage.broker.brokers,
        CDC_TOPIC_PREFIX: this.#prefix,
        CDC_SLOT: this.slot,
        CDC_PUBLICATION: this.slot,
        CDC_TABLES: this.#tables,
        CDC_SNAPSHOT: snapshot ? 'initial' : 'never',
        KAFKA_COMPRESSION: compression,
        CDC_PORT: String(port),
        LOG_LEVEL: 'warn',
      },
      logFile: join(this.#stage.directory, `${this.#prefix}.log`),
      readyUrl: `http://127.0.0.1:${port}/health/ready`,
    });
    await service.ready();
    return { pid: service.pid, stop: async () => void (await service.end('SIGTERM')), kill: async () => void (await service.end('SIGKILL')) };
  }

  #startDebezium(port: number): Promise<RunningEngine> {
    const { table, compression, snapshot } = this.#settings;
    return Debezium.start({
      directory: join(this.#stage.directory, this.#prefix),
      brokers: this.#stage.broker.brokers,
      databaseUrl: this.#stage.databaseUrl,
      port,
      prefix: this.#prefix,
      slot: this.slot,
      publication: this.slot,
      settings: {
        'table.include.list': `bench.${table}`,
        'snapshot.mode': snapshot ? 'initial' : 'no_data',
        'producer.override.compression.type': compression,
      },
    });
  }
}
