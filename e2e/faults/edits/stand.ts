import { SignJWT } from 'jose';
import pg from 'pg';
import { TestPostgres } from '#libs/testing/own-postgres';
import { freePort } from '#libs/testing/postgres-server';
import { lakeloop } from '../capture/lakeloop.ts';
import { WriteProcess } from './write-process.ts';

const PASSWORD = 'a-password-for-tests';
const SECRET = new TextEncoder().encode('a-secret-for-tests-of-32-bytes-or-more');
const JWKS = JSON.stringify({ keys: [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), alg: 'HS256' }] });

export interface Reply {
  status: number;
  body: unknown;
}

export interface Ask {
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** PostgreSQL with Lakeloop in it, and in front of it a write service that ends and begins again, always on the same port. */
export class EditStand {
  readonly psql: pg.Client;
  readonly #postgres: TestPostgres;
  readonly #env: Readonly<Record<string, string>>;
  readonly #port: number;
  readonly #token: string;
  service: WriteProcess;

  private constructor(opened: Pick<EditStand, 'psql'> & { postgres: TestPostgres; env: Readonly<Record<string, string>>; port: number; token: string }) {
    this.psql = opened.psql;
    this.#postgres = opened.postgres;
    this.#env = opened.env;
    this.#port = opened.port;
    this.#token = opened.token;
    this.service = WriteProcess.start(this.#env, this.#port);
  }

  static async open(): Promise<EditStand> {
    const postgres = await TestPostgres.start();
    const { client: psql, urlAs } = await postgres.database();
    await lakeloop({ ADMIN_DATABASE_URL: postgres.url, LAKELOOP_WRITE_PASSWORD: PASSWORD, LAKELOOP_ADMIN_PASSWORD: PASSWORD }, 'init');
    await psql.query('create schema app authorization lakeloop_owner; grant usage, create on schema app to analyst');
    const env = {
      DATABASE_URL: urlAs('lakeloop_write', PASSWORD),
      ADMIN_DATABASE_URL: urlAs('lakeloop_admin', PASSWORD),
      REST_SCHEMAS: 'app',
      JWT_JWKS: JWKS,
      // Every table counts as a large one.
      TABLES_AT_ONCE_BYTES: '0',
      LOG_LEVEL: 'warn',
    };
    const token = await new SignJWT({ sub: 'ana', role: 'analyst' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('2h').sign(SECRET);
    const stand = new EditStand({ psql, postgres, env, port: await freePort(), token });
    await stand.service.ready();
    return stand;
  }

  /** Kills the service where it is still there, and starts another, with failpoints or without. */
  async restart(failpoints = ''): Promise<void> {
    await this.service.end('SIGKILL');
    this.service = WriteProcess.start({ ...this.#env, LAKELOOP_FAILPOINTS: failpoints }, this.#port);
    await this.service.ready();
  }

  /** Another connection to the database. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#postgres.url });
    await client.connect();
    return client;
  }

  async call(method: string, path: string, { headers = {}, body }: Ask = {}): Promise<Reply> {
    const reply = await fetch(`${this.service.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  }

  async close(): Promise<void> {
    await this.service.end('SIGKILL');
    await this.psql.end();
    await this.#postgres.stop();
  }
}
