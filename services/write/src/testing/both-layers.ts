import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPolicy } from '#libs/governance/policy/apply-policy';
import type { PolicyPart } from '#libs/governance/policy/merge-policies';
import { openDeltaLakehouse } from '#libs/lakehouse/delta/delta-lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createLogger } from '#libs/runtime/logger';
import type { TestDatabase } from '#libs/testing/postgres';
import type { WriteConfig } from '../write-settings.ts';
import { governedDatabase, startWriteApp, untilReady, type WriteApp } from './write-app.ts';

export interface Reply {
  status: number;
  body: string;
  headers: Headers;
}

/** A write service over a database of its own and a lakehouse of Delta files. */
export interface BothLayers {
  database: TestDatabase & { writeUrl: string };
  lakehouse: Lakehouse;
  service: WriteApp;
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
  sql: string,
  config: Partial<WriteConfig> = {},
  dress: (lakehouse: Lakehouse) => Lakehouse = (lakehouse) => lakehouse,
): Promise<BothLayers> {
  const root = await mkdtemp(join(tmpdir(), 'lakeloop-both-'));
  const lakehouse = await openDeltaLakehouse({ root, logger: createLogger({ service: 'test', level: 'silent' }), memoryLimit: '256MB' });
  const database = await governedDatabase();
  await database.client.query(sql);
  const service = await startWriteApp(database.writeUrl, { REST_SCHEMAS: ['app'], ...config }, dress(lakehouse));
  await untilReady(service.url);
  return {
    database,
    lakehouse,
    service,
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
      await lakehouse.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
