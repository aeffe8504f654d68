import type pg from 'pg';
import type { OneProcessStand } from '../one-process.ts';
import type { FileStand } from './receive-file.ts';
import { OpenedStorage } from './storage/opened-storage.ts';
import { UnusedFiles } from './unused-files.ts';

export interface FilePartsOptions {
  /** See ./storage-url.ts. */
  url: string;
  pool: pg.Pool;
  maxBytes: number;
  stallMs: number;
  /** How long an upload may wait to come into a row. */
  afterSeconds: number;
  /** What the collector needs. */
  aside: OneProcessStand;
}

/** What serves files, and what collects those that nobody uses. */
export interface FileParts {
  stand: FileStand;
  unused: UnusedFiles;
}

export function filePartsOf({ url, pool, maxBytes, stallMs, afterSeconds, aside }: FilePartsOptions): FileParts {
  const storage = new OpenedStorage(url);
  return {
    stand: { pool, storage, maxBytes, stallMs, logger: aside.logger },
    unused: new UnusedFiles({ ...aside, storage, afterSeconds }),
  };
}
