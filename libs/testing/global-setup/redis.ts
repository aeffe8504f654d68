import { startRedis, type TestRedis } from '../redis-server.ts';
import postgres, { stop as stopPostgres } from './postgres.ts';

let server: TestRedis | undefined;

/** Jest globalSetup of every project that needs Redis (and Postgres): one server for the run, tests use queues of their own. */
export default async function setup(): Promise<void> {
  await postgres();
  if (process.env['LAKELOOP_TEST_REDIS_URL']) return;
  server = await startRedis();
  process.env['LAKELOOP_TEST_REDIS_URL'] = server.url;
}

export async function stop(): Promise<void> {
  await server?.stop();
  server = undefined;
  await stopPostgres();
}
