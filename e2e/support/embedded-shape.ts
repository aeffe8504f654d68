import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, TestProcess } from './process.ts';
import { REPOSITORY } from './repository.ts';
import type { Account, Shape } from './shape.ts';

export interface EmbeddedShape extends Shape {
  readonly process: TestProcess;
  readonly dataDirectory: string;
}

export interface EmbeddedOptions {
  /** An existing data directory, kept at the end; absent: a new one that goes with `stop`. */
  dataDirectory?: string;
  port?: number;
  env?: Readonly<Record<string, string>>;
}

/** The built `npm start`, as a process of its own. */
export function spawnEmbedded(dataDirectory: string, port: number, postgresPort: number, env: Readonly<Record<string, string>> = {}): TestProcess {
  const settings = { LAKELOOP_DATA: dataDirectory, LAKELOOP_PORT: String(port), POSTGRES_PORT: String(postgresPort), ...env };
  return new TestProcess(process.execPath, ['-C', 'dist', 'dist/services/embedded/src/main.js'], settings, REPOSITORY);
}

/** Starts the embedded shape and resolves once it is ready. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedShape> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'lakeloop-embedded-')));
  const [port, postgresPort] = [options.port ?? (await freePort()), await freePort()];
  const running = spawnEmbedded(dataDirectory, port, postgresPort, options.env);
  const url = `http://localhost:${port}`;
  await eventually(
    async () => {
      if (running.exited) throw new Error('it ended');
      return (await fetch(`${url}/health/ready`)).ok;
    },
    () => `the embedded shape did not become ready:\n${running.output}`,
    120_000,
  );
  const secrets = JSON.parse(await readFile(join(dataDirectory, 'secrets.json'), 'utf8')) as { postgres: string };
  const { accounts } = JSON.parse(await readFile(join(dataDirectory, 'accounts.json'), 'utf8')) as { accounts: Record<string, Account> };
  return {
    name: 'embedded',
    process: running,
    dataDirectory,
    url,
    urls: { write: url, notification: url, workflow: url },
    issuer: `${url}/oidc`,
    accounts,
    databaseUrl: `postgres://postgres:${encodeURIComponent(secrets.postgres)}@127.0.0.1:${postgresPort}/lakeloop`,
    stop: async () => {
      await running.end('SIGTERM');
      if (options.dataDirectory === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
