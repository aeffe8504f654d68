import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstanceLock } from '#libs/changelog/sqlite/instance-lock';
import { Failure } from '#libs/failure/failure';

/** Below this much free space nothing is started: a database that fills its disk half-way is worse than one that doesn't start. Bytes. */
const LEAST_FREE = 256 * 1024 * 1024;
/** What we put into the directory, and so what a reset removes. Nothing else in it is touched. */
const CONTENT = [
  'postgres',
  'changelog',
  'lakehouse',
  'lakehouse-staging',
  'files',
  'identity',
  'models',
  'logs',
  'accounts.json',
  'secrets.json',
  'secrets.json.new',
  'running.json',
];

/** The data directory of one running instance: ours alone while the process lives. */
export class DataDirectory {
  readonly path: string;
  readonly #lock: InstanceLock;

  private constructor(path: string, lock: InstanceLock) {
    this.path = path;
    this.#lock = lock;
  }

  /** Takes the directory, creating it when absent. Throws `misconfigured` or `storage-full` with what to do. */
  static async open(path: string): Promise<DataDirectory> {
    await create(path);
    await requireSpace(path);
    try {
      return new DataDirectory(path, InstanceLock.acquire(path));
    } catch (error) {
      throw (await alreadyRunning(path, error)) ?? error;
    }
  }

  join(name: string): string {
    return join(this.path, name);
  }

  /** Removes all that an instance has written. A Postgres that a killed instance left behind is ended first. */
  async reset(): Promise<void> {
    await endOrphan(this.join('postgres'));
    for (const name of CONTENT) await rm(this.join(name), { recursive: true, force: true });
  }

  /** For the message that a second instance gives. */
  async announce(url: string): Promise<void> {
    await writeFile(this.join('running.json'), JSON.stringify({ pid: process.pid, url }));
  }

  async release(): Promise<void> {
    await rm(this.join('running.json'), { force: true });
    this.#lock.release();
  }
}

async function create(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC') throw full(path, 0);
    throw new Failure(
      'misconfigured',
      `the data directory ${path} can't be written (${code}): give this user the right to, or name another with LAKELOOP_DATA`,
      { cause },
    );
  }
}

async function requireSpace(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < LEAST_FREE) throw full(path, bavail * bsize);
}

function full(path: string, free: number): Failure {
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  return new Failure(
    'storage-full',
    `the disk of ${path} is full (${mib(free)} free, ${mib(LEAST_FREE)} needed): free some space, or name another directory with LAKELOOP_DATA`,
  );
}

async function alreadyRunning(path: string, error: unknown): Promise<Failure | undefined> {
  if (!(error instanceof Failure) || !error.message.startsWith('another instance')) return undefined;
  const text = await readFile(join(path, 'running.json'), 'utf8').catch(() => '{}');
  const other = JSON.parse(text || '{}') as { pid?: number; url?: string };
  const where = other.url === undefined ? '' : ` at ${other.url} (process ${other.pid})`;
  return new Failure('misconfigured', `Lakeloop is already running on ${path}${where}: stop it first, or give this one another directory with LAKELOOP_DATA`);
}

/** `postmaster.pid` names the server's process in its first line. */
async function endOrphan(directory: string): Promise<void> {
  const pid = Number((await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => (process.platform === 'linux' ? '' : 'postgres'));
  if (!command.includes('postgres')) return;
  try {
    process.kill(pid, 'SIGQUIT');
    while (process.kill(pid, 0)) await new Promise((resolve) => setTimeout(resolve, 20));
  } catch {
    // Gone.
  }
}
