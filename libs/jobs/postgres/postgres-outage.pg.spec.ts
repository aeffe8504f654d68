import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { EmbeddedPostgres } from '#libs/postgres/embedded/embedded-postgres';
import { createLogger } from '#libs/runtime/logger';
import { survivesAnOutage } from '../jobs.outage.ts';
import { createPostgresJobs } from './postgres-jobs.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

/** A server of its own, which is stopped as a crash stops it. */
describe('jobs on Postgres', () => {
  let directory: string;
  let server: EmbeddedPostgres;
  const start = (port?: number): Promise<EmbeddedPostgres> =>
    EmbeddedPostgres.start({ dataDirectory: join(directory, 'data'), password: 'test', logger, ...(port === undefined ? {} : { port }) });
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-jobs-'));
    server = await start();
  }, 60_000);
  afterAll(async () => {
    await server.stop('immediate');
    await rm(directory, { recursive: true, force: true });
  });

  it('refuse work while it is away, and go on by themselves when it is back', async () => {
    const jobs = createPostgresJobs({ connectionString: server.url(), logger });
    await survivesAnOutage({ jobs, kill: () => server.stop('immediate'), restart: async () => void (server = await start(server.port)) });
    await jobs.close();
  }, 60_000);
});
