import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../../postgres/embedded/embedded-postgres.ts';
import { createLogger } from '../../runtime/logger.ts';
import { testBinaries } from '../postgres-binaries.ts';

let server: EmbeddedPostgres | undefined;
let directory: string | undefined;

/** Jest globalSetup of every project that needs Postgres: one server for the run, tests make databases of their own on it. */
export default async function setup(): Promise<void> {
  if (process.env['LAKELOOP_TEST_POSTGRES_URL']) return;
  directory = await mkdtemp(join(tmpdir(), 'lakeloop-pg-'));
  server = await EmbeddedPostgres.start({
    dataDirectory: join(directory, 'data'),
    password: 'test',
    binaries: testBinaries(),
    settings: {
      fsync: 'off',
      synchronous_commit: 'on',
      full_page_writes: 'off',
      max_connections: 300,
      max_wal_senders: 40,
      max_replication_slots: 60,
      max_prepared_transactions: 20,
      shared_buffers: '128MB',
      log_min_messages: 'fatal',
    },
    logger: createLogger({ service: 'test', level: 'warn' }),
  });
  process.env['LAKELOOP_TEST_POSTGRES_URL'] = server.url();
}

export async function stop(): Promise<void> {
  await server?.stop('immediate');
  if (directory) await rm(directory, { recursive: true, force: true });
  server = undefined;
  directory = undefined;
}
