import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import { onDisk } from '../disk-errors.ts';
import { hasErrorCode } from '../error-code.ts';
import { DeltaStorage, type OpenFiles, type StoredFile, type StoredText } from '../storage.ts';

const DROPPED = '.dropped-';

/** Files below a directory, made durable before anybody is told of them. */
export class LocalStorage extends DeltaStorage {
  readonly readable: string;

  constructor(root: string) {
    super();
    this.readable = root;
  }

  path(...names: readonly string[]): string {
    return join(this.readable, ...names);
  }

  resolve(tableDirectory: string, name: string): string {
    if (name.startsWith('file:')) return decodeURIComponent(name.replace(/^file:(\/\/)?/, ''));
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) throw new Failure('unsupported', 'a table on a local path has a file elsewhere: that is not built here');
    const decoded = decodeURIComponent(name);
    return decoded.startsWith('/') ? decoded : `${tableDirectory}/${decoded}`;
  }

  read(path: string): Promise<StoredText | undefined> {
    return onDisk(async () => {
      const text = await readFile(path, 'utf8').catch(absent);
      return text === undefined ? undefined : { text, modifiedMs: (await stat(path)).mtimeMs };
    });
  }

  exists(path: string): Promise<boolean> {
    return onDisk(async () => (await stat(path).catch(absent)) !== undefined);
  }

  list(directory: string): Promise<string[]> {
    return onDisk(async () => (await readdir(directory).catch(absent))?.filter((name) => !name.includes(DROPPED)) ?? []);
  }

  files(directory: string): Promise<StoredFile[]> {
    return onDisk(async () => {
      const entries = (await readdir(directory, { recursive: true, withFileTypes: true }).catch(absent)) ?? [];
      const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const found = await Promise.all(paths.map(async (path) => ({ path, status: await stat(path).catch(absent) })));
      return found.flatMap(({ path, status }) => (status ? [{ path: path.slice(directory.length + 1), modifiedMs: status.mtimeMs }] : []));
    });
  }

  /**
   * A hard link is the one atomic form of "whole, and only if nothing is there": `open` with `wx` would show others an empty file. The modification time is
   * the one given, which is what time travel by other engines goes by.
   */
  putIfAbsent(path: string, content: string, modifiedMs: number): Promise<boolean> {
    return onDisk(async () => {
      const temporary = await this.#writeTemporary(path, content, modifiedMs);
      try {
        await hit('delta.log-written');
        await link(temporary, path);
        await hit('delta.log-linked');
      } catch (error) {
        if (hasErrorCode(error, 'EEXIST')) return false;
        throw error;
      } finally {
        await unlink(temporary);
      }
      await sync(dirname(path));
      return true;
    });
  }

  put(path: string, content: string): Promise<void> {
    return onDisk(async () => {
      await rename(await this.#writeTemporary(path, content, Date.now()), path);
      await sync(dirname(path));
    });
  }

  write(path: string, produce: (place: string) => Promise<boolean>): Promise<number | undefined> {
    return onDisk(async () => {
      const temporary = join(dirname(path), temporaryName());
      try {
        if (!(await produce(temporary))) return undefined;
        await sync(temporary);
        await hit('delta.file-written');
        const { size } = await stat(temporary);
        await rename(temporary, path);
        return size;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  settle(directory: string): Promise<void> {
    return onDisk(() => sync(directory));
  }

  open(): Promise<OpenFiles> {
    return Promise.resolve({ place: (path) => path, release: () => undefined });
  }

  delete(paths: readonly string[]): Promise<void> {
    return onDisk(async () => {
      for (const path of paths) await rm(path, { force: true });
    });
  }

  /** Away in one step, then deleted at leisure. */
  dropTable(tableDirectory: string): Promise<void> {
    return onDisk(async () => {
      const trash = `${tableDirectory}${DROPPED}${randomUUID()}`;
      await rename(tableDirectory, trash).catch(absent);
      await hit('delta.table-moved');
      await rm(trash, { recursive: true, force: true });
    });
  }

  tidy(): Promise<void> {
    return onDisk(async () => {
      await mkdir(this.readable, { recursive: true });
      for (const schema of (await readdir(this.readable, { withFileTypes: true }).catch(absent)) ?? []) {
        if (!schema.isDirectory()) continue;
        const directory = join(this.readable, schema.name);
        for (const name of await readdir(directory)) if (name.includes(DROPPED)) await rm(join(directory, name), { recursive: true, force: true });
      }
    });
  }

  ping(): Promise<void> {
    return onDisk(async () => {
      if (!(await stat(this.readable)).isDirectory()) throw new Failure('misconfigured', 'the lakehouse directory is no directory');
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #writeTemporary(path: string, content: string, modifiedMs: number): Promise<string> {
    await this.#makeDirectory(dirname(path));
    const temporary = join(dirname(path), temporaryName());
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await utimes(temporary, modifiedMs / 1_000, modifiedMs / 1_000);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return temporary;
  }

  async #makeDirectory(path: string): Promise<void> {
    // A root that was there and is not has been unmounted or moved: tables made in its place would pass for the ones that are away.
    await stat(this.readable);
    const first = await mkdir(path, { recursive: true });
    if (first !== undefined) await sync(dirname(first));
  }
}

/** Hidden, as Delta's readers and cleaners expect of what is no part of the table. */
function temporaryName(): string {
  return `.${randomUUID()}.tmp`;
}

/** Makes a file's content, or a directory's entries, survive a crash of the machine. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

function absent(error: unknown): undefined {
  if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return undefined;
  throw error;
}
