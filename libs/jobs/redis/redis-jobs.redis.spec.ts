import { describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { uniqueName } from '#libs/testing/postgres';
import { testRedisUrl } from '#libs/testing/redis-server';
import { jobsConformance } from '../jobs.conformance.ts';
import { createRedisJobs } from './redis-jobs.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

describe('jobs on Redis', () => {
  jobsConformance(() => ({
    open: (options) => createRedisJobs({ url: testRedisUrl(), logger, ...options }),
    name: () => uniqueName('queue'),
    reach: ['redis', testRedisUrl()],
  }));

  it('say that Redis is away', async () => {
    const away = createRedisJobs({ url: 'redis://127.0.0.1:1', logger });
    await expect(away.ping()).rejects.toMatchObject({ kind: 'dependency-unavailable' });
    await away.close();
  });
});
