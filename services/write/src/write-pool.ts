import type pg from 'pg';
import { createPool } from '#libs/postgres/pool';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import type { WriteConfig } from './write-settings.ts';

/** The service's pool. The statement timeout is the session's: one set inside a statement would come too late for it. */
export function createWritePool({ config, connectionString, runtime }: { config: WriteConfig; connectionString: string; runtime: ServiceRuntime }): pg.Pool {
  const url = new URL(connectionString);
  url.searchParams.set('statement_timeout', String(config.WRITE_STATEMENT_TIMEOUT_MS));
  return createPool({ connectionString: url.toString(), name: 'lakeloop-write', max: config.DB_POOL_MAX, logger: runtime.logger });
}
