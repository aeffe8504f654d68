import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrorCode } from './error-code.ts';

/** Files below a directory, made durable before anybody is told of them. */
export class LocalStorage {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** Undefined when there is no such file. */
  async read(path: string): Promise<string | undefined> {
    return readFile(path, 'utf8').catch(absent);
  }

  /** Names in a directory; none when it is not there. */
  async list(directory: string): Promise<string[]> {
    return (await readdir(directory).catch(absent)) ?? [];
  }

  /** Every file below a directory, relative to it. */
  async files(directory: string): Promise<{ path: string; modifiedMs: number }[]> {
    const entries = (await readdir(directory, { recursive: true, withFileTypes: true }).catch(absent)) ?? [];
    const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return Promise.all(found.map(async (path) => ({ path: path.slice(directory.length + 1), modifiedMs: (await stat(path)).mtimeMs })));
  }

  /**
   * Creates a file with its whole content, or does nothing because it is there: false. A hard link is the one atomic form of both: `open` with `wx` would show
   * others an empty file. Its modification time is the one given, which is what time travel by other engines goes by.
   */
  async putIfAbsent(path: string, content: string, modifiedMs: number): Promise<boolean> {
    const temporary = await this.#writeTemporary(path, content, modifiedMs);
    try {
      await link(temporary, path);
    } catch (error) {
      if (hasErrorCode(error, 'EEXIST')) return false;
      throw error;
    } finally {
      await unlink(temporary);
    }
    await this.sync(dirname(path));
    return true;
  }

  /** Replaces a file in one step. */
  async put(path: string, content: string): Promise<void> {
    await rename(await this.#writeTemporary(path, content, Date.now()), path);
    await this.sync(dirname(path));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(from, to);
    await this.sync(dirname(to));
  }

  async makeDirectory(path: string): Promise<void> {
    const first = await mkdir(path, { recursive: true });
    if (first !== undefined) await this.sync(dirname(first));
  }

  /** Makes a file's content, or a directory's entries, survive a crash of the machine. */
  async sync(path: string): Promise<void> {
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
  }

  async size(path: string): Promise<number> {
    return (await stat(path)).size;
  }

  async delete(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }

  /** Away in one step, then deleted at leisure. */
  async deleteDirectory(path: string): Promise<void> {
    const trash = `${path}.dropped-${randomUUID()}`;
    await rename(path, trash).catch(absent);
    await this.delete(trash);
  }

  async #writeTemporary(path: string, content: string, modifiedMs: number): Promise<string> {
    const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    const seconds = modifiedMs / 1_000;
    await utimes(temporary, seconds, seconds);
    return temporary;
  }
}

function absent(error: unknown): undefined {
  if (hasErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}
