import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, Wait } from 'testcontainers';
import { freePort } from '#libs/postgres/embedded/embedded-postgres';
import { RedisServer } from '../../deploy/local/redis-server.ts';
import { dockerAnswers, runs, type Availability } from './availability.ts';

/** A real Redis for tests: Docker where an engine answers, else `redis-server` from the PATH. */
export interface TestRedis {
  readonly url: string;
  /** As a crash ends it. */
  kill(): Promise<void>;
  /** After `kill`: up again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const IMAGE = 'redis:7.4';

export async function resolveRedis(): Promise<Availability> {
  if (await dockerAnswers()) return { kind: 'docker' };
  return (await runs('redis-server', ['--version']))
    ? { kind: 'native' }
    : { kind: 'unavailable', reason: 'Redis needs a container engine, or redis-server on the PATH' };
}

/** Throws `dependency-unavailable` when none can be had. */
export async function startRedis(): Promise<TestRedis> {
  return (await dockerAnswers()) ? startInDocker() : startNatively();
}

async function startNatively(): Promise<TestRedis> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'lakeloop-redis-'));
  let server = await RedisServer.start({ dataDirectory });
  return {
    url: server.url,
    kill: () => server.kill(),
    restart: async () => void (server = await server.restart()),
    stop: async () => {
      await server.kill();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

async function startInDocker(): Promise<TestRedis> {
  const port = await freePort();
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(['redis-server', '--appendonly', 'yes', '--save', ''])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => container.stop({ remove: false, timeout: 0 }).then(() => undefined),
    restart: () => container.restart(),
    stop: () => container.stop({ timeout: 0 }).then(() => undefined),
  };
}

/** URL of the run's Redis, started by global-setup/redis.ts. */
export function testRedisUrl(): string {
  const url = process.env['LAKELOOP_TEST_REDIS_URL'];
  if (!url) throw new Error('no test Redis: run through jest with the project of this suffix (see docs/testing.md)');
  return url;
}
