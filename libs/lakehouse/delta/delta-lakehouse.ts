import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import type { Logger } from '#libs/runtime/logger';
import { DeltaLakehouse } from './delta-adapter.ts';
import { Engine } from './engine.ts';
import { hasErrorCode } from './error-code.ts';
import { LocalStorage } from './local/local-storage.ts';
import type { DeltaStorage } from './storage.ts';
import { Workplace } from './workplace.ts';

export interface DeltaOptions {
  /** Directory that holds `<schema>/<table>/`, created when missing; or `s3://bucket/prefix`. */
  root: string;
  logger: Logger;
  /** Memory of queries, and again of writes, in DuckDB's notation; default 1GB. */
  memoryLimit?: string;
  /** Threads of queries, and again of writes; default 2. */
  threads?: number;
  /** Where what outgrows memory goes, and copies of a bucket's files; default `.tmp` in a local root, else the machine's directory for such. */
  temporaryDirectory?: string;
  s3?: DeltaS3Options;
}

export interface DeltaS3Options {
  /** Credentials, region and endpoint are found as AWS's tools find them (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL_S3, …) unless this says. */
  client?: Pick<S3ClientConfig, 'endpoint' | 'region' | 'credentials' | 'forcePathStyle'>;
  /** What copies of files may take on this machine; default 10 GB. A query's files must fit in it together. */
  cacheBytes?: number;
}

const CACHE_BYTES = 10_000_000_000;

/** Opens a lakehouse of Delta tables, read and written by DuckDB in this process. Several processes may work on one root. */
export async function openDeltaLakehouse({ root, logger, memoryLimit, threads, ...options }: DeltaOptions): Promise<DeltaLakehouse> {
  const bucket = bucketOf(root);
  const parent = options.temporaryDirectory ?? (bucket ? join(tmpdir(), 'lakeloop-lakehouse') : join(root, '.tmp'));
  const temporaryDirectory = await makeTemporaryDirectory(parent);
  const storage = bucket ? await openBucket(bucket, join(temporaryDirectory, 'cache'), options.s3) : new LocalStorage(root);
  await storage.tidy();
  const engine = await Engine.open({ temporaryDirectory, memoryLimit, threads });
  const queries = await Engine.open({ temporaryDirectory: join(temporaryDirectory, 'queries'), memoryLimit, threads, confinedTo: storage.readable });
  return new DeltaLakehouse(new Workplace({ engine, queries, storage, temporaryDirectory }), logger);
}

/** Undefined for a local path. */
function bucketOf(root: string): { bucket: string; prefix: string } | undefined {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(root)) return undefined;
  const match = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(root);
  if (!match) throw new Failure('misconfigured', 'the lakehouse root is a local path or s3://bucket/prefix');
  return { bucket: match[1] as string, prefix: match[2] as string };
}

/** Loaded only where it is needed. */
async function openBucket(
  at: { bucket: string; prefix: string },
  cacheDirectory: string,
  { client, cacheBytes = CACHE_BYTES }: DeltaS3Options = {},
): Promise<DeltaStorage> {
  await mkdir(cacheDirectory, { recursive: true });
  const { S3Storage } = await import('./s3/s3-storage.ts');
  return new S3Storage({ ...at, ...(client ? { client } : {}), cacheDirectory, cacheBytes });
}

/** A directory for what outgrows memory, named for this process; those of processes that are gone are removed. */
async function makeTemporaryDirectory(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const [host, pid] = name.split('~');
    if (host === hostname() && !isRunning(Number(pid))) await rm(join(parent, name), { recursive: true, force: true });
  }
  const directory = join(parent, `${hostname()}~${process.pid}~${randomUUID()}`);
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
