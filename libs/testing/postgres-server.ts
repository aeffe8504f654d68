import { createLogger } from '#libs/runtime/logger';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';

/** A PostgreSQL server of a benchmark's own, in `dataDirectory`, with these settings. */
export function startPostgresServer(dataDirectory: string, settings: Readonly<Record<string, string | number>>): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ dataDirectory, password: 'postgres', settings, logger: createLogger({ service: 'test', level: 'warn' }) });
}

export { freePort } from '#libs/postgres/embedded/embedded-postgres';
