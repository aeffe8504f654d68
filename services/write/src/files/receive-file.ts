import { randomUUID } from 'node:crypto';
import { finished, type Readable } from 'node:stream';
import type pg from 'pg';
import type { FileValue } from '#contracts/http/files';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Logger } from '#libs/runtime/logger';
import type { Principal } from '#libs/governance/principal';
import { withSqlProblems } from '../sql-problem.ts';
import { Meter } from './meter.ts';
import type { FileStorage } from './storage/file-storage.ts';
import { beginUpload, completeUpload, forgetUpload, mayUpload } from './upload-store.ts';

export interface FileStand {
  pool: pg.Pool;
  storage: FileStorage;
  /** Largest file. */
  maxBytes: number;
  /** Longest pause of a client that sends one. */
  stallMs: number;
  logger: Logger;
}

export interface Received {
  principal: Principal;
  schemas: readonly string[];
  name: string;
  type: string;
  body: Readable;
}

/**
 * Stores a file, and gives the value that its uploader may put into a row. It is on record before its first byte and complete after its last: what was cut
 * off, or killed, is collected. 403 where the role may write no column of files, 413, 408, 507.
 */
export async function receiveFile(stand: FileStand, { principal, schemas, name, type, body }: Received): Promise<FileValue> {
  const { pool, logger } = stand;
  const id = randomUUID();
  await withSqlProblems(async () => {
    if (!(await mayUpload(pool, principal.role, schemas))) throw notAllowed(principal.role);
    await beginUpload(pool, { id, name, type, actor: principal.subject, role: principal.role });
  });
  try {
    const value = await completeUpload(pool, id, await storeBytes(stand, id, body));
    if (value) return value;
    throw new ProblemException(408, 'timeout', 'the file took so long that it was collected as an upload that nobody uses');
  } catch (error) {
    await discard(stand, id).catch((failed: unknown) => logger.warn({ err: failed, upload: id }, 'what is left of an upload waits for the collector'));
    throw error;
  }
}

async function storeBytes({ storage, maxBytes, stallMs }: FileStand, id: string, body: Readable): Promise<{ size: number; sha256: string }> {
  const meter = new Meter({ maxBytes, stallMs });
  // It may fail before the storage listens, which finds it so.
  meter.on('error', () => undefined);
  finished(body, (error) => (error ? meter.destroy(new ProblemException(400, 'cut-off', 'the file did not come whole')) : undefined));
  body.pipe(meter);
  try {
    await storage.write(id, meter);
    return meter.result();
  } finally {
    body.unpipe(meter);
    meter.destroy();
  }
}

/** In this order: a row without bytes is collected, bytes without a row never are. */
async function discard({ pool, storage }: FileStand, id: string): Promise<void> {
  await storage.remove(id);
  await forgetUpload(pool, id);
}

function notAllowed(role: string): ProblemException {
  return new ProblemException(403, 'forbidden', `the role ${role} may write no column of files`, {
    hint: 'A file is uploaded to be put into a row: grant insert or update on a table with a column of files.',
  });
}
