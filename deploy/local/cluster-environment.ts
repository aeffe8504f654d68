import { pathToFileURL } from 'node:url';

/** The services of a cluster, in the order in which they start. */
export const SERVICES = ['identity', 'write', 'cdc', 'workflow', 'notification', 'lakehouse', 'console'] as const;
export type ServiceName = (typeof SERVICES)[number];

export type Ports = Readonly<Record<ServiceName | 'postgres' | 'kafka' | 'redis', number>>;

/** What the services have to be told of the cluster they belong to. */
export interface ClusterFacts {
  ports: Ports;
  /** URL of the database for one of the logins. */
  databaseUrl: (login: 'write' | 'cdc' | 'workflow' | 'notification' | 'lakehouse' | 'admin' | 'superuser') => string;
  brokers: string;
  redisUrl: string;
  /** Of the Delta tables. */
  lakehouseDirectory: string;
  /** Of the bytes of columns of files. */
  filesDirectory: string;
  /** For accounts, keys and sessions of the built-in identity provider. */
  identityDirectory: string;
  /** 64 hexadecimal digits. */
  cookieKey: string;
  /** `LOG_LEVEL` of every service. */
  logLevel: string;
  /** Load the demo data at the first start. */
  demoData: boolean;
}

export function urlOf(port: number): string {
  return `http://localhost:${port}`;
}

/** The environment of each service, as an operator would write it. */
export function environmentOf(service: ServiceName, facts: ClusterFacts): Record<string, string> {
  return { LOG_LEVEL: facts.logLevel, ...OWN[service](facts) };
}

const OWN: Readonly<Record<ServiceName, (facts: ClusterFacts) => Record<string, string>>> = {
  identity: ({ ports, identityDirectory }) => ({
    IDENTITY_PORT: String(ports.identity),
    IDENTITY_PUBLIC_URL: urlOf(ports.console),
    IDENTITY_DATA_DIRECTORY: identityDirectory,
  }),
  write: (facts) => ({
    WRITE_PORT: String(facts.ports.write),
    DATABASE_URL: facts.databaseUrl('write'),
    ADMIN_DATABASE_URL: facts.databaseUrl('admin'),
    REST_SCHEMAS: 'exceptions,birdstrikes,planning,public,workspace',
    FILES_URL: pathToFileURL(facts.filesDirectory).href,
    ...tokens(facts),
  }),
  cdc: (facts) => ({ CDC_PORT: String(facts.ports.cdc), DATABASE_URL: facts.databaseUrl('cdc'), KAFKA_BROKERS: facts.brokers }),
  workflow: (facts) => ({
    WORKFLOW_PORT: String(facts.ports.workflow),
    DATABASE_URL: facts.databaseUrl('workflow'),
    ADMIN_DATABASE_URL: facts.databaseUrl('superuser'),
    KAFKA_BROKERS: facts.brokers,
    REDIS_URL: facts.redisUrl,
    WORKFLOW_DEMO_DATA: facts.demoData ? '1' : '0',
    LAKEHOUSE_DIRECTORY: facts.lakehouseDirectory,
    ...tokens(facts),
  }),
  notification: (facts) => ({
    NOTIFICATION_PORT: String(facts.ports.notification),
    DATABASE_URL: facts.databaseUrl('notification'),
    KAFKA_BROKERS: facts.brokers,
    ...tokens(facts),
  }),
  lakehouse: (facts) => ({
    LAKEHOUSE_PORT: String(facts.ports.lakehouse),
    LAKEHOUSE_DIRECTORY: facts.lakehouseDirectory,
    DATABASE_URL: facts.databaseUrl('lakehouse'),
    KAFKA_BROKERS: facts.brokers,
    ...tokens(facts),
  }),
  console: ({ ports, cookieKey }) => ({
    CONSOLE_PORT: String(ports.console),
    CONSOLE_PUBLIC_URL: urlOf(ports.console),
    CONSOLE_SESSION_KEY: cookieKey,
    CONSOLE_UPSTREAM_WRITE: urlOf(ports.write),
    CONSOLE_UPSTREAM_WORKFLOW: urlOf(ports.workflow),
    CONSOLE_UPSTREAM_NOTIFICATION: urlOf(ports.notification),
    CONSOLE_UPSTREAM_LAKEHOUSE: urlOf(ports.lakehouse),
    CONSOLE_UPSTREAM_IDENTITY: urlOf(ports.identity),
    OIDC_ISSUER: issuerOf(ports),
  }),
};

/** The console hands `/oidc` on to the identity provider: one origin for the browser. */
export function issuerOf(ports: Ports): string {
  return `${urlOf(ports.console)}/oidc`;
}

function tokens({ ports }: ClusterFacts): Record<string, string> {
  return { OIDC_ISSUER: issuerOf(ports), OIDC_AUDIENCE: 'lakeloop' };
}
