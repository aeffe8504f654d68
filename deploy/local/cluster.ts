import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { installGovernance } from '#libs/governance/install';
import { ensureWorkspace } from '#libs/governance/workspace';
import { EmbeddedPostgres, freePort } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import { type ClusterFacts, environmentOf, issuerOf, type Ports, SERVICES, type ServiceName, urlOf } from './cluster-environment.ts';
import { clusterSecrets, type ClusterSecrets } from './cluster-secrets.ts';
import { KafkaBroker } from './kafka-broker.ts';
import { rememberProcesses } from './leftovers.ts';
import { RedisServer } from './redis-server.ts';
import { serviceCommand } from './service-command.ts';
import { ServiceProcess } from './service-process.ts';

export interface LocalClusterOptions {
  /** The repository, built. */
  root: string;
  /** Everything the cluster writes; kept over restarts. */
  dataDirectory: string;
  /** First of ten consecutive ports (deploy/README.md); 0: free ones. */
  portsBase: number;
  /** Default true. */
  demoData?: boolean;
  /** `LOG_LEVEL` of the services; default info. */
  logLevel?: string;
  /** More environment for a service, such as failpoints. */
  extra?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Told of each part: when it is begun and when it is ready. */
  onProgress?: (part: string, state: 'starting' | 'ready') => void;
}

const DATABASE = 'lakeloop';
const accountsFile = z.object({ accounts: z.record(z.string(), z.object({ username: z.string(), password: z.string(), name: z.string() })) });
export type ClusterAccounts = z.infer<typeof accountsFile>['accounts'];

/** The cluster shape on one machine: Postgres, Kafka, Redis and each service a process of its own, as an operator would run them. */
export class LocalCluster {
  readonly ports: Ports;
  readonly #options: LocalClusterOptions;
  readonly #secrets: ClusterSecrets;
  readonly #services = new Map<ServiceName, ServiceProcess>();
  #postgres: EmbeddedPostgres | undefined;
  #kafka: KafkaBroker | undefined;
  #redis: RedisServer | undefined;

  private constructor(options: LocalClusterOptions, ports: Ports, secrets: ClusterSecrets) {
    this.#options = options;
    this.ports = ports;
    this.#secrets = secrets;
  }

  /** Starts everything in order and resolves once every service is ready. What was started is stopped again when something fails. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = new LocalCluster(options, await choosePorts(options.portsBase), await clusterSecrets(options.dataDirectory));
    try {
      await cluster.#startServers();
      // All at once: a service whose dependency is not there yet waits for it.
      await Promise.all(SERVICES.map((name) => cluster.#startService(name)));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where people go. */
  get url(): string {
    return urlOf(this.ports.console);
  }

  get issuer(): string {
    return issuerOf(this.ports);
  }

  urlOf(service: ServiceName): string {
    return urlOf(this.ports[service]);
  }

  /** The superuser's URL of the data. */
  get databaseUrl(): string {
    return this.#server().url(DATABASE);
  }

  get brokers(): string {
    return `127.0.0.1:${this.ports.kafka}`;
  }

  get redisUrl(): string {
    return `redis://127.0.0.1:${this.ports.redis}`;
  }

  /** Demo accounts by name, passwords included. */
  async accounts(): Promise<ClusterAccounts> {
    return accountsFile.parse(JSON.parse(await readFile(join(this.#options.dataDirectory, 'accounts.json'), 'utf8'))).accounts;
  }

  pidOf(service: ServiceName): number {
    return this.#services.get(service)?.pid ?? 0;
  }

  /** As a crash ends it. */
  async kill(service: ServiceName): Promise<void> {
    await this.#services.get(service)?.end('SIGKILL');
  }

  /** As an operator ends it; resolves with its exit code. */
  async terminate(service: ServiceName): Promise<number | null> {
    return (await this.#services.get(service)?.end('SIGTERM')) ?? null;
  }

  /** After `kill` or `terminate`: a new process with the same settings; resolves once it is ready. */
  restart(service: ServiceName): Promise<void> {
    return this.#startService(service);
  }

  /** A replica or a successor beside the running one is not what this is for: one process for each service. */
  async #startService(name: ServiceName): Promise<void> {
    const { root, dataDirectory, onProgress, extra } = this.#options;
    onProgress?.(name, 'starting');
    const [node, ...args] = serviceCommand(root, name);
    const service = new ServiceProcess({
      name,
      command: [node, '--disable-warning=TimeoutNegativeWarning', ...args],
      cwd: root,
      env: { ...environmentOf(name, this.#facts()), ...extra?.[name] },
      logFile: join(dataDirectory, 'logs', `${name}.log`),
      readyUrl: `${this.urlOf(name)}/health/ready`,
    });
    this.#services.set(name, service);
    await rememberProcesses(dataDirectory, this.#pids());
    await service.ready();
    onProgress?.(name, 'ready');
  }

  /** Ends the services in reverse order, then what they stand on. */
  async stop(): Promise<void> {
    for (const name of SERVICES.toReversed()) await this.#services.get(name)?.end('SIGTERM');
    await Promise.all([this.#kafka?.stop(), this.#redis?.stop(), this.#postgres?.stop()]);
  }

  #pids(): number[] {
    return [this.#kafka?.pid, this.#redis?.pid, this.#postgres?.pid, ...[...this.#services.values()].map(({ pid }) => pid)].filter((pid) => pid !== undefined);
  }

  /** The servers themselves, for tests that take one away. */
  get servers(): { postgres: EmbeddedPostgres; kafka: KafkaBroker; redis: RedisServer } {
    if (!this.#kafka || !this.#redis) throw new TypeError('the cluster is not running');
    return { postgres: this.#server(), kafka: this.#kafka, redis: this.#redis };
  }

  async #startServers(): Promise<void> {
    const { root, dataDirectory } = this.#options;
    [this.#postgres, this.#kafka, this.#redis] = await Promise.all([
      this.#part('PostgreSQL', () => this.#startPostgres()),
      this.#part('Kafka', () => KafkaBroker.start({ root, dataDirectory: join(dataDirectory, 'kafka'), port: this.ports.kafka })),
      this.#part('Redis', () => RedisServer.start({ dataDirectory: join(dataDirectory, 'redis'), port: this.ports.redis })),
    ]);
  }

  async #startPostgres(): Promise<EmbeddedPostgres> {
    const { dataDirectory } = this.#options;
    const logger = createLogger({ service: 'cluster', level: 'warn' });
    const server = await EmbeddedPostgres.start({
      dataDirectory: join(dataDirectory, 'postgres'),
      password: this.#secrets.postgres,
      port: this.ports.postgres,
      settings: { max_connections: 200, max_slot_wal_keep_size: '2GB' },
      logger,
    });
    this.#postgres = server;
    await createDatabase(server.url());
    await installGovernance({ adminUrl: server.url(DATABASE), logger, logins: this.#secrets.logins });
    await ensureWorkspace(server.url(DATABASE));
    return server;
  }

  async #part<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#options.onProgress?.(name, 'starting');
    const result = await work();
    this.#options.onProgress?.(name, 'ready');
    return result;
  }

  #facts(): ClusterFacts {
    const { dataDirectory, demoData = true, logLevel = 'info' } = this.#options;
    const server = this.#server();
    return {
      ports: this.ports,
      // A login of lakeloop_owner can't create roles: on a server of our own the superuser installs.
      databaseUrl: (login) => (login === 'superuser' ? server.url(DATABASE) : server.url(DATABASE, `lakeloop_${login}`, this.#secrets.logins[login])),
      brokers: this.brokers,
      redisUrl: this.redisUrl,
      lakehouseDirectory: join(dataDirectory, 'lakehouse'),
      filesDirectory: join(dataDirectory, 'files'),
      identityDirectory: dataDirectory,
      cookieKey: this.#secrets.cookieKey,
      logLevel,
      demoData,
    };
  }

  #server(): EmbeddedPostgres {
    if (!this.#postgres) throw new TypeError('the cluster is not running');
    return this.#postgres;
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** From the base on: write, cdc, workflow, notification, identity, console, then Postgres, Kafka, Redis, lakehouse. */
async function choosePorts(base: number): Promise<Ports> {
  const names = ['write', 'cdc', 'workflow', 'notification', 'identity', 'console', 'postgres', 'kafka', 'redis', 'lakehouse'] as const;
  const ports: [string, number][] = [];
  for (const [index, name] of names.entries()) ports.push([name, base === 0 ? await freePort() : base + index]);
  return Object.fromEntries(ports) as Ports;
}
