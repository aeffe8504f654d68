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
  logger?: Logger;
}

/** A `pg` pool that survives its server: an idle connection that breaks is logged and replaced, never thrown. */
export function createPool({ connectionString, name, max = 10, connectTimeoutMs = 5_000, logger }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({ connectionString, application_name: name, max, connectionTimeoutMillis: connectTimeoutMs, keepAlive: true });
  // A connection that breaks while it is checked out emits too; its query rejects, so the event itself needs no more than an ear.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  pool.on('error', (error) => logger?.warn({ err: error, pool: name }, 'idle Postgres connection lost'));
  return pool;
}
