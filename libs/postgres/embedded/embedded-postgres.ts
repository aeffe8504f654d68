import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { retrying } from '#libs/runtime/backoff';
import type { Logger } from '#libs/runtime/logger';
import { binaryDirectory } from './binaries.ts';
import { giveAway, unprivileged } from './unprivileged.ts';

export interface EmbeddedPostgresOptions {
  /** Data directory; initialised when absent. */
  dataDirectory: string;
  /** Password of the superuser `postgres` (SCRAM over loopback TCP). */
  password: string;
  /** TCP port on 127.0.0.1; 0 or absent: a free one. */
  port?: number;
  /** `postgresql.conf` settings given on the command line. `wal_level=logical` is always set. */
  settings?: Readonly<Record<string, string | number>>;
  /** Directory of initdb, pg_ctl and postgres; absent: of the version that npm installed. */
  binaries?: string | undefined;
  logger: Logger;
}

/** Written last by us once initdb is through: a data directory without it is half-written. */
const COMPLETE = 'lakeloop.complete';
const READY_WITHIN_MS = 60_000;
const BUILTIN_LOCALES_SINCE = 17;

/**
 * A PostgreSQL server of our own, from npm, on loopback. `start` initialises when needed, takes over from a server that a
 * killed process left running on the same directory, and resolves once it answers.
 */
export class EmbeddedPostgres {
  readonly port: number;
  readonly #options: EmbeddedPostgresOptions;
  readonly #server: ChildProcess;
  readonly #output: () => string;

  private constructor(options: EmbeddedPostgresOptions, port: number, server: ChildProcess, output: () => string) {
    this.#options = options;
    this.port = port;
    this.#server = server;
    this.#output = output;
  }

  /** Throws `misconfigured` for a directory that is half-written or of another version, `storage-full` for a full disk. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const { dataDirectory, binaries = binaryDirectory() } = options;
    if (!existsSync(join(dataDirectory, COMPLETE))) await initialise(options, binaries);
    await stopOrphan(dataDirectory, binaries);
    const port = options.port || (await freePort());
    const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', wal_level: 'logical', ...options.settings };
    const args = ['-D', dataDirectory, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const server = spawnUnprivileged(join(binaries, 'postgres'), args, dataDirectory);
    const started = new EmbeddedPostgres(options, port, server, collect(server));
    await started.#untilReady();
    return started;
  }

  /** Connection URL of the superuser, or of another login. */
  url(database = 'postgres', user = 'postgres', password = this.#options.password): string {
    return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  /** Process id of the postmaster. */
  get pid(): number {
    return this.#server.pid ?? 0;
  }

  /** Shuts down; `immediate` is a crash that recovers at the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const exited = once(this.#server, 'exit');
    this.#server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await exited;
  }

  async #untilReady(): Promise<void> {
    const deadline = AbortSignal.timeout(READY_WITHIN_MS);
    await retrying(() => this.#probe(), {
      initialMs: 20,
      maxMs: 200,
      signal: deadline,
      retryable: () => this.#server.exitCode === null && this.#server.signalCode === null,
    }).catch((error: unknown) => {
      throw explainFailure(this.#output(), this.#options.dataDirectory, error);
    });
  }

  async #probe(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(), connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    await client.end();
  }
}

async function initialise({ dataDirectory, password, logger }: EmbeddedPostgresOptions, binaries: string): Promise<void> {
  if ((await readdir(dataDirectory).catch(() => [])).length > 0) {
    throw new Failure('misconfigured', `${dataDirectory} is half-written: an earlier first start was cut short. Run npm start -- --reset to start anew`);
  }
  logger.info({ dataDirectory }, 'creating the Postgres data directory');
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  await giveAway(dataDirectory);
  const passwordFile = join(dataDirectory, '..', `.initdb-${process.pid}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  await giveAway(passwordFile);
  try {
    const locale = (await majorVersion(binaries)) >= BUILTIN_LOCALES_SINCE ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
    const args = ['-D', dataDirectory, '-U', 'postgres', '-E', 'UTF8', ...locale, '--locale=C', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const init = spawnUnprivileged(join(binaries, 'initdb'), args, dataDirectory);
    const output = collect(init);
    const [code] = (await once(init, 'exit')) as [number | null];
    if (code !== 0) throw explainFailure(output(), dataDirectory, undefined);
    await writeFile(join(dataDirectory, COMPLETE), '');
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** A server whose starter was killed still owns the directory: stop it, since we hold the directory's lock. */
async function stopOrphan(dataDirectory: string, binaries: string): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !(await isPostmaster(pid))) return;
  const args = ['stop', '-D', dataDirectory, '-m', 'fast', '-w', '-t', '30'];
  await once(spawnUnprivileged(join(binaries, 'pg_ctl'), args, dataDirectory), 'exit');
}

/** Guards against a process id that was used again by something else. */
async function isPostmaster(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('postgres');
  } catch {
    return false;
  }
}

async function majorVersion(binaries: string): Promise<number> {
  const { stdout } = await promisify(execFile)(join(binaries, 'initdb'), ['--version']);
  return Number(/\) (\d+)/.exec(stdout)?.[1] ?? 0);
}

function spawnUnprivileged(program: string, args: readonly string[], dataDirectory: string): ChildProcess {
  const { file, args: finalArgs, uid, gid } = unprivileged(program, args, [dataDirectory]);
  // A process group of its own: Ctrl-C reaches us alone, and we stop the server in order.
  return spawn(file, finalArgs, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    ...(uid === undefined ? {} : { uid, gid }),
  });
}

/** Keeps the last 16 kB of what the process prints. */
function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-16_384)));
  return () => text;
}

function explainFailure(output: string, dataDirectory: string, cause: unknown): Failure {
  if (/No space left on device/.test(output))
    return new Failure('storage-full', `no space left on the disk of ${dataDirectory}: free some and start again`, { cause });
  if (/database files are incompatible/.test(output))
    return new Failure('misconfigured', `${dataDirectory} was made by another PostgreSQL version: use that version, or npm start -- --reset`, { cause });
  if (/Address already in use/.test(output)) return new Failure('misconfigured', 'the Postgres port is taken: choose another with POSTGRES_PORT', { cause });
  const last = output.trim().split('\n').slice(-3).join(' | ');
  return new Failure('dependency-unavailable', `the embedded PostgreSQL did not start: ${last || 'it printed nothing'}`, { cause });
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Failure('bug', 'a TCP server without a port');
  return address.port;
}
