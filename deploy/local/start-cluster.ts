/** The terminal side of `npm run start:cluster`. */
import { statfsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InstanceLock } from '#libs/changelog/sqlite/instance-lock';
import { classify } from '#libs/failure/classify';
import { Failure } from '#libs/failure/failure';
import { SERVICES } from './cluster-environment.ts';
import { LocalCluster } from './cluster.ts';
import { endLeftovers } from './leftovers.ts';

const HELP = `npm run start:cluster [-- options]

Starts the cluster shape with native processes: PostgreSQL, Kafka (Java), Redis, and each service by itself.

  --data <dir>         where everything is kept (default .lakeloop/cluster)
  --ports-base <n>     first of ten ports (default 8080); 0 for free ones
  --reset              throw the data away first
  --no-demo            no demo data
  --help               this text`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      'ports-base': { type: 'string', default: '8080' },
      reset: { type: 'boolean' },
      'no-demo': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(HELP);
  const dataDirectory = resolve(values.data ?? join('.lakeloop', 'cluster'));
  const portsBase = Number(values['ports-base']);
  if (!Number.isInteger(portsBase) || portsBase < 0 || portsBase > 65_000) throw new Failure('misconfigured', '--ports-base must be a number from 0 to 65000');
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const lock = InstanceLock.acquire(dataDirectory);
  const { bavail, bsize } = statfsSync(dataDirectory);
  if (bavail * bsize < 512 * 1024 * 1024) throw new Failure('storage-full', `the disk of ${dataDirectory} is full: free 512 MiB`);
  await endLeftovers(dataDirectory);
  if (values.reset) await reset(dataDirectory);
  if (portsBase > 0) await requirePorts(portsBase, 10);
  await run(dataDirectory, portsBase, !values['no-demo']);
  lock.release();
}

async function run(dataDirectory: string, portsBase: number, demoData: boolean): Promise<void> {
  const began = performance.now();
  const ended = Promise.withResolvers<void>();
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      ended.resolve();
    });
  }
  const onProgress = (part: string, state: string): void => {
    if (state === 'ready') console.log(`  ${part.padEnd(13)} ready after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  };
  const cluster = await LocalCluster.start({ root: process.cwd(), dataDirectory, portsBase, demoData, onProgress });
  await announce(cluster, dataDirectory);
  await ended.promise;
  console.log('stopping');
  await cluster.stop();
}

async function announce(cluster: LocalCluster, dataDirectory: string): Promise<void> {
  const accounts = Object.values(await cluster.accounts());
  const lines = [
    '',
    `  console       ${cluster.url}`,
    ...SERVICES.filter((name) => name !== 'console').map((name) => `  ${name.padEnd(13)} ${cluster.urlOf(name)}`),
    `  PostgreSQL    127.0.0.1:${cluster.ports.postgres}, database lakeloop`,
    `  Kafka         ${cluster.brokers}`,
    `  Redis         ${cluster.redisUrl}`,
    `  logs          ${join(dataDirectory, 'logs')}`,
    '',
    ...accounts.map(({ username, password, name }) => `  ${username.padEnd(13)} ${password.padEnd(28)} ${name}`),
    '',
    'Ctrl-C stops it.',
  ];
  console.log(lines.join('\n'));
}

/** Only what a cluster writes: nothing else in the directory is touched. */
async function reset(dataDirectory: string): Promise<void> {
  for (const name of ['postgres', 'kafka', 'redis', 'identity', 'models', 'logs', 'accounts.json', 'cluster.json', 'running.json'])
    await rm(join(dataDirectory, name), { recursive: true, force: true });
}

async function requirePorts(base: number, count: number): Promise<void> {
  const taken = await Promise.all(Array.from({ length: count }, (_, index) => answersAt(base + index)));
  const port = taken.indexOf(true);
  if (port >= 0)
    throw new Failure(
      'misconfigured',
      `port ${base + port} is taken: stop what uses it, or choose others with npm run start:cluster -- --ports-base ${base + 100}`,
    );
}

function answersAt(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  return new Promise((resolvePort) => {
    socket.once('connect', () => {
      socket.destroy();
      resolvePort(true);
    });
    socket.once('error', () => resolvePort(false));
  });
}

try {
  await main();
} catch (error) {
  console.error(`The cluster did not start: ${classify(error).message.replaceAll(/\s*\n\s*/g, ' ')}`);
  process.exitCode = 1;
}
