import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SignJWT } from 'jose';
import type pg from 'pg';
import type { ChangeLog } from '#libs/changelog/change-log';
import { TokenVerifier } from '#libs/governance/token-verifier';
import { createPool } from '#libs/postgres/pool';
import { createHttpApp } from '#libs/runtime/http/create-http-app';
import { createServiceRuntime, type ServiceRuntime } from '#libs/runtime/service-runtime';
import { NotificationModule } from '../app.module.ts';
import type { NotificationConfig } from '../notification-config.ts';
import { PREFIX } from './shop.ts';

const SECRET = Buffer.from('a secret of the tests, 32 bytes!!');

/** A bearer token; `expiresIn` in seconds. */
export function token(claims: Record<string, unknown> = {}, expiresIn = 600): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + expiresIn;
  return new SignJWT({ sub: 'ada', role: 'analyst', ...claims, exp }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET);
}

/** The service on a port of its own, over a real database and log. */
export class PushApp {
  readonly url: string;
  readonly runtime: ServiceRuntime;
  readonly #app: NestFastifyApplication;
  readonly #pool: pg.Pool;

  private constructor(parts: { app: NestFastifyApplication; pool: pg.Pool; runtime: ServiceRuntime; url: string }) {
    this.#app = parts.app;
    this.#pool = parts.pool;
    this.runtime = parts.runtime;
    this.url = parts.url;
  }

  static async start(databaseUrl: string, changeLog: ChangeLog, config: Partial<NotificationConfig> = {}): Promise<PushApp> {
    const runtime = createServiceRuntime('notification', { LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
    const pool = createPool({ connectionString: databaseUrl, name: 'test-notification', max: 12 });
    const verifier = TokenVerifier.create({ jwks: { keys: [{ kty: 'oct', k: SECRET.toString('base64url') }] } });
    const module = NotificationModule.register({
      config: {
        schemas: undefined,
        anonRole: undefined,
        cursorSecret: 'cursors of the tests',
        heartbeatMs: 60_000,
        maxBufferedEvents: 4_000,
        maxBufferedBytes: 4 * 1024 * 1024,
        recheckMs: 60_000,
        ...config,
      },
      changeLog,
      pool,
      verifier,
      runtime,
      topicPrefix: PREFIX,
    });
    const app = await createHttpApp({ runtime, module });
    await app.listen(0, '127.0.0.1');
    return new PushApp({ app, pool, runtime, url: await app.getUrl() });
  }

  /** As SIGTERM does. */
  async stop(): Promise<void> {
    await this.runtime.lifecycles.end();
    await this.#app.close();
    await this.#pool.end();
  }
}
