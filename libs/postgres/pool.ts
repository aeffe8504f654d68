import pg from 'pg';
import type { Logger } from '#libs/runtime/logger';

export interface PoolOptions {
  connectionString: string;
  /** `application_name`, as `pg_stat_activity` shows it. */
  name: string;
  /** Most connections; default 10. */
  max?: number;
  /** Milliseconds to wait for a connection before a `dependency-unavailable` failure; default 5,000. */
  connectTimeoutMs?: number;
  /** Settings of every session, which outrank those of the database and the role. */
  settings?: Readonly<Record<string, string>>;
  logger?: Logger;
}

/** `onConnect` is awaited before a new connection is handed out; its declaration does not say so. */
type AwaitedConfig = Omit<pg.PoolConfig, 'onConnect'> & { onConnect?: (client: pg.ClientBase) => Promise<void> };

/** A `pg` pool that survives its server: an idle connection that breaks is logged and replaced, never thrown. */
export function createPool({ connectionString, name, max = 10, connectTimeoutMs = 5_000, settings, logger }: PoolOptions): pg.Pool {
  const config: AwaitedConfig = { connectionString, application_name: name, max, connectionTimeoutMillis: connectTimeoutMs, keepAlive: true };
  if (settings) config.onConnect = (client) => pin(client, settings);
  const pool = new pg.Pool(config);
  // A connection that breaks while it is checked out emits too; its query rejects, so the event itself needs no more than an ear.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  pool.on('error', (error) => logger?.warn({ err: error, pool: name }, 'idle Postgres connection lost'));
  return pool;
}

async function pin(client: pg.ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  const calls = Object.keys(settings).map((_, index) => `pg_catalog.set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
  await client.query(`select ${calls.join(', ')}`, Object.entries(settings).flat());
}
