import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '#libs/runtime/logger';
import { DeltaLakehouse } from './delta-adapter.ts';
import { Engine } from './engine.ts';
import { hasErrorCode } from './error-code.ts';
import { LocalStorage } from './local/local-storage.ts';
import { Workplace } from './workplace.ts';

export interface DeltaOptions {
  /** Directory that holds `<schema>/<table>/`; created when missing. */
  root: string;
  logger: Logger;
  /** Memory of queries, and again of writes, in DuckDB's notation; default 1GB. */
  memoryLimit?: string;
  /** Threads of queries, and again of writes; default 2. */
  threads?: number;
}

/** Opens a lakehouse of Delta tables, read and written by DuckDB in this process. Several processes may work on one root. */
export async function openDeltaLakehouse({ root, logger, memoryLimit, threads }: DeltaOptions): Promise<DeltaLakehouse> {
  const temporaryDirectory = await makeTemporaryDirectory(join(root, '.tmp'));
  const storage = new LocalStorage(root);
  await storage.tidy();
  const engine = await Engine.open({ temporaryDirectory, memoryLimit, threads });
  const queries = await Engine.open({ temporaryDirectory: join(temporaryDirectory, 'queries'), memoryLimit, threads, confinedTo: storage.readable });
  return new DeltaLakehouse(new Workplace({ engine, queries, storage, temporaryDirectory }), logger);
}

/** A directory for what outgrows memory, named for this process; those of processes that are gone are removed. */
async function makeTemporaryDirectory(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [host, pid] = name.split('~');
    if (host === hostname() && !isRunning(Number(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
  const directory = join(parent, `${hostname()}~${process.pid}~${Date.now()}`);
  await mkdir(join(directory, 'queries'), { recursive: true });
  return directory;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrorCode(error, 'EPERM');
  }
}
