import { createWriteStream } from 'node:fs';
import { constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ByteRange, FileStorage, type StoredBytes } from '../file-storage.ts';
import { absent, onDisk } from './disk-errors.ts';

/** What is being written; a file is moved to its place when it is whole and synced. */
const ARRIVING = 'arriving';
/** Readable by the service's own user alone. */
const MODE = { file: 0o600, directory: 0o700 };

/** Files below a directory, 256 folders wide. Several processes may share it. */
export class DiskStorage extends FileStorage {
  readonly #root: string;

  constructor(root: string) {
    super();
    this.#root = root;
  }

  write(id: string, bytes: Readable): Promise<void> {
    return onDisk(async () => {
      const arriving = this.#arriving(id);
      await makeDirectory(join(this.#root, ARRIVING), this.#root);
      try {
        await pipeline(bytes, createWriteStream(arriving, { flags: 'wx', mode: MODE.file, flush: true }));
        await makeDirectory(this.#folder(id), this.#root);
        await rename(arriving, this.#place(id));
        await sync(this.#folder(id));
      } catch (error) {
        await rm(arriving, { force: true });
        throw error;
      }
    });
  }

  open(id: string, range?: ByteRange): Promise<StoredBytes | undefined> {
    return onDisk(async () => {
      const file = await open(this.#place(id), constants.O_RDONLY | constants.O_NOFOLLOW).catch(absent);
      if (!file) return undefined;
      try {
        const { size } = await file.stat();
        return { size, body: file.createReadStream(range ? { start: range.first, end: range.last } : {}) };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  size(id: string): Promise<number | undefined> {
    return onDisk(async () => (await stat(this.#place(id)).catch(absent))?.size);
  }

  remove(id: string): Promise<void> {
    return onDisk(async () => {
      await rm(this.#place(id), { force: true });
      await rm(this.#arriving(id), { force: true });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #arriving(id: string): string {
    return join(this.#root, ARRIVING, named(id));
  }

  #folder(id: string): string {
    return join(this.#root, named(id).slice(0, 2));
  }

  #place(id: string): string {
    return join(this.#folder(id), id);
  }
}

/** An id never leads out of the directory. */
function named(id: string): string {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new TypeError('the id of a file is a UUID');
  return id;
}

/** Durable, like what will lie in it. */
async function makeDirectory(path: string, parent: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: MODE.directory });
  if (made !== undefined) await sync(parent);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
