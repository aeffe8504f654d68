import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { startRedis, type TestRedis } from '#libs/testing/redis-server';
import { survivesAnOutage } from '../jobs.outage.ts';
import { createRedisJobs } from './redis-jobs.ts';

describe('jobs on Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  }, 60_000);
  afterAll(() => redis.stop());

  it('refuse work while it is away, and go on by themselves when it is back', async () => {
    const jobs = createRedisJobs({ url: redis.url, logger: createLogger({ service: 'test', level: 'silent' }) });
    await survivesAnOutage({ jobs, kill: () => redis.kill(), restart: () => redis.restart() });
    await jobs.close();
  }, 60_000);
});
