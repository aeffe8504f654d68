import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Environment, flag, loadConfig, port } from '#libs/runtime/config';
import { type LakehouseConfig, lakehouseConfig } from '#services/lakehouse/src/app.module';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';

/** Settings of the embedded default, as plain values. */
export interface EmbeddedConfig {
  /** Absolute path of the data directory. */
  dataDirectory: string;
  port: number;
  /** TCP port of the embedded Postgres; 0: a free one. */
  postgresPort: number;
  /** Prefix of the change topics. */
  topicPrefix: string;
  /** Load the demo's data at the first start. */
  demoData: boolean;
  lakehouse: LakehouseConfig;
}

const settings = z.object({
  LAKELOOP_PORT: port.default(8080).describe('TCP port of everything HTTP'),
  LAKELOOP_DATA: z.string().min(1).default('.lakeloop').describe('data directory'),
  POSTGRES_PORT: port.default(0).describe('TCP port of the embedded Postgres; 0: a free one'),
  CDC_TOPIC_PREFIX: z.string().min(1).default('lakeloop').describe('prefix of the change topics'),
  LAKELOOP_DEMO_DATA: flag.default(true).describe('load the demo data at the first start'),
});

/** Reads the settings. Throws `misconfigured` naming each wrong one. A port of 0 becomes a free one here, since the issuer's URL holds it. */
export async function embeddedConfig(environment: Environment): Promise<EmbeddedConfig> {
  const read = loadConfig(settings, environment);
  const dataDirectory = resolve(read.LAKELOOP_DATA);
  return {
    dataDirectory,
    port: read.LAKELOOP_PORT || (await freePort()),
    postgresPort: read.POSTGRES_PORT,
    topicPrefix: read.CDC_TOPIC_PREFIX,
    demoData: read.LAKELOOP_DEMO_DATA,
    lakehouse: lakehouseConfig(environment, {
      topicPrefix: read.CDC_TOPIC_PREFIX,
      stagingDirectory: join(dataDirectory, 'lakehouse-staging'),
      dialect: 'duckdb',
    }),
  };
}
