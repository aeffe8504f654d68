import type pg from 'pg';
import { createPool } from '#libs/postgres/pool';
import type { ServiceRuntime } from '#libs/runtime/service-runtime';
import { searchPath } from './rows/session.ts';
import type { WriteConfig } from './write-settings.ts';

export interface WritePoolOptions {
  config: WriteConfig;
  connectionString: string;
  runtime: ServiceRuntime;
}

/**
 * The service's pool. The statement timeout is the session's: one set inside a statement would come too late for it. So is the search path of the default
 * schema's requests, which triggers, policies and functions of old databases count on; ours are qualified.
 */
export function createWritePool({ config, connectionString, runtime }: WritePoolOptions): pg.Pool {
  return createPool({ connectionString: sessionUrl(config, connectionString), name: 'lakeloop-write', max: config.DB_POOL_MAX, logger: runtime.logger });
}

/** The pool of long reads: the same sessions. */
export function createStreamPool({ config, connectionString, runtime }: WritePoolOptions): pg.Pool {
  return createPool({
    connectionString: sessionUrl(config, connectionString),
    name: 'lakeloop-write-streams',
    max: config.REST_STREAMS,
    logger: runtime.logger,
  });
}

function sessionUrl(config: WriteConfig, connectionString: string): string {
  const url = new URL(connectionString);
  url.searchParams.set('statement_timeout', String(config.WRITE_STATEMENT_TIMEOUT_MS));
  const path = searchPath([...config.REST_SCHEMAS.slice(0, 1), ...config.REST_EXTRA_SEARCH_PATH]);
  // A server splits these at blanks, unless a backslash says otherwise.
  const options = `-c search_path=${path.replaceAll(/[\\\s]/g, String.raw`\$&`)}`;
  url.searchParams.set('options', [url.searchParams.get('options'), options].filter((text) => text !== null).join(' '));
  return url.toString();
}
