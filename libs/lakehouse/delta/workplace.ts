import type { Engine } from './engine.ts';
import type { OpenFiles, DeltaStorage } from './storage.ts';
import { Turns } from './turns.ts';

/** What all tables of a lakehouse work with, and the files that are being written or read right now: a vacuum spares those. */
export class Workplace {
  /** Reads logs and writes files. */
  readonly engine: Engine;
  /** Runs what others ask, and reaches nothing but tables' files. */
  readonly queries: Engine;
  readonly storage: DeltaStorage;
  readonly temporaryDirectory: string;
  /** Each write takes tens of megabytes of buffers, however few its rows. */
  readonly writes = new Turns(2);
  readonly #attempts = new Set<Attempt>();
  readonly #pinned = new Map<string, number>();

  constructor(parts: Pick<Workplace, 'engine' | 'queries' | 'storage' | 'temporaryDirectory'>) {
    this.engine = parts.engine;
    this.queries = parts.queries;
    this.storage = parts.storage;
    this.temporaryDirectory = parts.temporaryDirectory;
  }

  /** A piece of work that writes files of a table. */
  attempt(directory: string): Attempt {
    const attempt = new Attempt(this.storage, directory, () => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
    return attempt;
  }

  /** Opens files for reading, and keeps them from being vacuumed until released. */
  async open(paths: readonly string[]): Promise<OpenFiles> {
    for (const path of paths) this.#pinned.set(path, (this.#pinned.get(path) ?? 0) + 1);
    let released = false;
    const unpin = (): void => {
      if (released) return;
      released = true;
      for (const path of paths) this.#unpin(path);
    };
    try {
      const opened = await this.storage.open(paths);
      return {
        place: (path) => opened.place(path),
        release: () => {
          if (!released) opened.release();
          unpin();
        },
      };
    } catch (error) {
      unpin();
      throw error;
    }
  }

  inUse(path: string): boolean {
    if (this.#pinned.has(path)) return true;
    for (const attempt of this.#attempts) if (attempt.paths.has(path)) return true;
    return false;
  }

  #unpin(path: string): void {
    const left = (this.#pinned.get(path) ?? 1) - 1;
    if (left === 0) this.#pinned.delete(path);
    else this.#pinned.set(path, left);
  }
}

/** The files that one attempt at a commit has begun, and those that it reads. */
export class Attempt {
  readonly paths = new Set<string>();
  readonly #reading: OpenFiles[] = [];
  readonly #storage: DeltaStorage;
  readonly #directory: string;
  readonly #end: () => void;

  constructor(storage: DeltaStorage, directory: string, end: () => void) {
    this.#storage = storage;
    this.#directory = directory;
    this.#end = end;
  }

  begin(name: string): void {
    this.paths.add(this.#storage.resolve(this.#directory, name));
  }

  reads(files: OpenFiles): void {
    this.#reading.push(files);
  }

  /** A version names the files now. */
  keep(): void {
    this.#finish();
  }

  /** Nothing came of it. Files that can't be deleted now are no part of the table, and vacuumed some day. */
  async discard(): Promise<void> {
    await this.#storage.delete([...this.paths]).catch(() => undefined);
    this.#finish();
  }

  #finish(): void {
    for (const files of this.#reading) files.release();
    this.#end();
  }
}
