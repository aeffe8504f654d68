import type { Engine } from './engine.ts';
import type { LocalStorage } from './local-storage.ts';
import { pathOf } from './parquet.ts';
import { Turns } from './turns.ts';

/** What all tables of a lakehouse work with, and the files that are being written or read right now: a vacuum spares those. */
export class Workplace {
  readonly engine: Engine;
  readonly storage: LocalStorage;
  readonly temporaryDirectory: string;
  /** Each write takes tens of megabytes of buffers, however few its rows. */
  readonly writes = new Turns(2);
  readonly #attempts = new Set<Attempt>();
  readonly #pinned = new Map<string, number>();

  constructor(engine: Engine, storage: LocalStorage, temporaryDirectory: string) {
    this.engine = engine;
    this.storage = storage;
    this.temporaryDirectory = temporaryDirectory;
  }

  pathOf(directory: string, path: string): string {
    return pathOf(directory, path);
  }

  /** A piece of work that writes files of a table. */
  attempt(directory: string): Attempt {
    const attempt = new Attempt(this.storage, directory, () => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
    return attempt;
  }

  /** Keeps files from being vacuumed until the answer is called. */
  pin(paths: readonly string[]): () => void {
    for (const path of paths) this.#pinned.set(path, (this.#pinned.get(path) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const path of paths) {
        const left = (this.#pinned.get(path) ?? 1) - 1;
        if (left === 0) this.#pinned.delete(path);
        else this.#pinned.set(path, left);
      }
    };
  }

  inUse(path: string): boolean {
    if (this.#pinned.has(path)) return true;
    for (const attempt of this.#attempts) if (attempt.paths.has(path)) return true;
    return false;
  }
}

/** The files that one attempt at a commit has begun. */
export class Attempt {
  readonly paths = new Set<string>();
  readonly #storage: LocalStorage;
  readonly #directory: string;
  readonly #end: () => void;

  constructor(storage: LocalStorage, directory: string, end: () => void) {
    this.#storage = storage;
    this.#directory = directory;
    this.#end = end;
  }

  begin(path: string): void {
    this.paths.add(pathOf(this.#directory, path));
  }

  /** A version names the files now. */
  keep(): void {
    this.#end();
  }

  /** Nothing came of it. */
  async discard(): Promise<void> {
    for (const path of this.paths) await this.#storage.delete(path);
    this.#end();
  }
}
