import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import type { PolicyPart } from '#libs/governance/policy/merge-policies';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import { Workspace } from '#libs/lakehouse/databricks/workspace';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createLogger } from '#libs/runtime/logger';
import { CATALOG, DatabricksDouble, HTTP_PATH, TOKEN, VOLUME } from '#libs/testing/databricks/databricks-double';
import type { TestDatabase } from '#libs/testing/postgres';
import type { WriteConfig } from '../write-settings.ts';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from './write-app.ts';

export interface Reply {
  status: number;
  body: string;
  headers: Headers;
}

/** What the lakehouse is: Delta files read by DuckDB, or a SQL warehouse (the double, asked by the unmodified driver). Specs run on each. */
export const LAKE_ENGINES = ['delta', 'databricks'] as const;
export type Engine = (typeof LAKE_ENGINES)[number];

const SILENT = createLogger({ service: 'test', level: 'silent' });

/** A write service over a database of its own and a lakehouse. */
export interface BothLayers {
  database: TestDatabase & { writeUrl: string };
  lakehouse: Lakehouse;
  service: WriteApp;
  /** The workspace, where the engine is one. */
  double?: DatabricksDouble;
  policy(policy: PolicyPart): Promise<void>;
  /** `schema`: the profile; without a token for the empty role. */
  send(
    path: string,
    options?: { schema?: string; role?: string; claims?: Record<string, unknown>; method?: string; headers?: Record<string, string> },
  ): Promise<Reply>;
  stop(): Promise<void>;
}

/** `dress`: what the service is given in the lakehouse's stead. */
export async function bothLayers(
  engine: Engine,
  sql: string,
  config: Partial<WriteConfig> = {},
  dress: (lakehouse: Lakehouse) => Lakehouse = (lakehouse) => lakehouse,
): Promise<BothLayers> {
  const { lakehouse, double, close } = await ENGINES[engine]();
  const database = await governedDatabase();
  await database.client.query(sql);
  const service = await startWriteApp(database.writeUrl, { REST_SCHEMAS: ['app'], ...config }, dress(lakehouse));
  await untilReady(service.url);
  return {
    database,
    lakehouse,
    service,
    ...(double ? { double } : {}),
    policy: async (policy) => void (await applyPolicy(database.url, policy)),
    send: async (path, { schema = 'app', role = 'analyst', claims = {}, method = 'GET', headers = {} } = {}) => {
      const authorization = `Bearer ${await service.token(role, claims)}`;
      const reply = await fetch(`${service.url}/rest/v1/${path}`, {
        method,
        headers: { authorization, 'accept-profile': schema, 'content-profile': schema, ...headers },
      });
      return { status: reply.status, body: await reply.text(), headers: reply.headers };
    },
    stop: async () => {
      await service.stop();
      await database.drop();
      await close();
    },
  };
}

interface OpenEngine {
  lakehouse: Lakehouse;
  double?: DatabricksDouble;
  close: () => Promise<void>;
}

const ENGINES: Readonly<Record<Engine, () => Promise<OpenEngine>>> = {
  delta: async () => {
    const root = await mkdtemp(join(tmpdir(), 'lakeloop-both-'));
    const lakehouse = await openDeltaLakehouse({ root, logger: SILENT, memoryLimit: '256MB' });
    const close = async (): Promise<void> => {
      await lakehouse.close();
      await rm(root, { recursive: true, force: true });
    };
    return { lakehouse, close };
  },
  databricks: async () => {
    const double = await DatabricksDouble.start();
    const workspace = new Workspace({
      connection: { host: double.host, httpPath: HTTP_PATH, identity: { token: TOKEN }, catalog: CATALOG, volume: VOLUME },
      caCertificate: double.certificate,
      logger: SILENT,
      retry: { initialMs: 1, attempts: 4 },
    });
    const close = async (): Promise<void> => {
      await workspace.close();
      await double.stop();
    };
    return { lakehouse: workspace.lakehouse, double, close };
  },
};
