import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { createTestDatabase, type TestDatabase, uniqueName } from '#libs/testing/postgres';
import { jobsConformance } from '../jobs.conformance.ts';
import { createPostgresJobs } from './postgres-jobs.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

describe('jobs on Postgres', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  jobsConformance(() => ({
    open: (options) => createPostgresJobs({ connectionString: database.url, logger, ...options }),
    name: () => uniqueName('queue'),
    reach: ['postgres', database.url],
  }));

  it('say that the queue database is away, and work once it is there', async () => {
    const away = createPostgresJobs({ connectionString: 'postgres://nobody:x@127.0.0.1:1/none', logger });
    await expect(away.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    await away.close();
  });
});
