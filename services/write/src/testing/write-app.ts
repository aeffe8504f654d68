import { SignJWT } from 'jose';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { installGovernance } from '#libs/governance/install';
import { TokenVerifier } from '#libs/governance/token-verifier';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createLogger } from '#libs/runtime/logger';
import { createServiceRuntime } from '#libs/runtime/service-runtime';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';
import { WriteModule } from '../app.module.ts';
import { DIALECT_DEFAULTS, type WriteConfig } from '../write-settings.ts';

const SECRET = new TextEncoder().encode('a-secret-for-tests-of-32-bytes-or-more');
const JWKS = { keys: [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), alg: 'HS256' }] };

export const TEST_CONFIG: WriteConfig = {
  REST_SCHEMAS: ['app', 'other'],
  REST_ANON_ROLE: undefined,
  REST_MAX_ROWS: undefined,
  REST_AGGREGATES: true,
  ...DIALECT_DEFAULTS,
  REST_SERVER_TIMING: true,
  LAKEHOUSE_QUERY_CONCURRENCY: 2,
  LAKEHOUSE_QUERY_QUEUE: 32,
  LAKEHOUSE_QUERY_WAIT_MS: 10_000,
  LAKEHOUSE_QUERY_TIMEOUT_MS: 60_000,
  LAKEHOUSE_QUERY_STALL_MS: 30_000,
  LAKEHOUSE_USER_TOKEN: false,
  WRITE_MAX_BODY_BYTES: 100_000,
  WRITE_STATEMENT_TIMEOUT_MS: 15_000,
  IMPORT_STALL_MS: 10_000,
  DB_POOL_MAX: 8,
  TABLES_AT_ONCE_BYTES: 4 * 1024 * 1024,
  UNDO_PAGE_BYTES: 1024 * 1024,
  FILES_URL: undefined,
  FILES_MAX_BYTES: 20_000_000,
  FILES_STALL_MS: 15_000,
  FILES_UNUSED_HOURS: 24,
};

export interface WriteApp {
  app: NestFastifyApplication;
  url: string;
  token(role: string, claims?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

/** The write service on a real port, in front of `connectionString`. */
export async function startWriteApp(connectionString: string, config: Partial<WriteConfig> = {}, lakehouse?: Lakehouse, adminUrl?: string): Promise<WriteApp> {
  const runtime = createServiceRuntime('write', { LOG_LEVEL: 'silent' });
  const verifier = TokenVerifier.create({ jwks: JWKS });
  const module = WriteModule.register({
    config: { ...TEST_CONFIG, ...config },
    connectionString,
    verifier,
    runtime,
    ...(lakehouse ? { lakehouse } : {}),
    ...(adminUrl ? { adminUrl } : {}),
  });
  const app = await createHttpApp({ runtime, module });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const stop = async (): Promise<void> => {
    await runtime.lifecycles.end();
    await app.close();
  };
  return { app, url, token: signToken, stop };
}

/** A token that the app of `startWriteApp` takes. `exp` among the claims makes another lifetime than an hour. */
export function signToken(role: string, claims: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT({ sub: `user-of-${role}`, role, exp: Math.floor(Date.now() / 1000) + 3_600, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET);
}

/** A database with governance installed, and the URLs of the write service's logins: for rows, and for DDL. */
export async function governedDatabase(): Promise<TestDatabase & { writeUrl: string; adminUrl: string }> {
  const database = await createTestDatabase();
  await installGovernance({ adminUrl: database.url, logger: createLogger({ service: 'test', level: 'silent' }), logins: { write: 'test', admin: 'test' } });
  return { ...database, writeUrl: database.urlAs('lakeloop_write', 'test'), adminUrl: database.urlAs('lakeloop_admin', 'test') };
}

/** Resolves once the app has its catalogue. */
export async function untilReady(url: string): Promise<void> {
  for (let ready = false; !ready;) ready = (await fetch(`${url}/health/ready`)).status === 200;
}
