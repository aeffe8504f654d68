import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#libs/failure/failure';

interface Entry {
  place: string;
  bytes: number;
  /** How many read it now: such an entry stays. */
  users: number;
}

/** Copies, on this machine, of files that never change. The least recently used go when there are more than so many bytes of them. */
export class FileCache {
  readonly #directory: string;
  readonly #mostBytes: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #arriving = new Map<string, Promise<Entry>>();
  #bytes = 0;

  constructor(directory: string, mostBytes: number) {
    this.#directory = directory;
    this.#mostBytes = mostBytes;
  }

  /** A place for a file that is about to come. */
  place(): string {
    return join(this.#directory, `${randomUUID()}.parquet`);
  }

  /** The copy, fetched when it is missing; it stays until `release`. Rejects with `overloaded` when all that is in use leaves no room for it. */
  async use(key: string, fetch: (place: string) => Promise<void>): Promise<string> {
    let entry: Entry | undefined;
    // One that has arrived may have gone again before its turn here came.
    do entry = this.#entries.get(key) ?? (await this.#arrive(key, fetch));
    while (this.#entries.get(key) !== entry);
    entry.users += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    try {
      await this.#shrink();
    } catch (error) {
      this.release(key);
      throw error;
    }
    return entry.place;
  }

  release(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && entry.users > 0) entry.users -= 1;
  }

  /** Takes a file of this machine that was just stored under the key. */
  async keep(key: string, place: string): Promise<void> {
    const kept = this.place();
    await rename(place, kept);
    await this.#add(key, kept);
    await this.#shrink().catch(() => undefined);
  }

  async forget(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry && entry.users === 0) await this.#remove(key, entry);
  }

  async #arrive(key: string, fetch: (place: string) => Promise<void>): Promise<Entry> {
    let arriving = this.#arriving.get(key);
    if (!arriving) {
      arriving = this.#fetch(key, fetch).finally(() => this.#arriving.delete(key));
      this.#arriving.set(key, arriving);
    }
    return arriving;
  }

  async #fetch(key: string, fetch: (place: string) => Promise<void>): Promise<Entry> {
    const place = this.place();
    try {
      await fetch(place);
    } catch (error) {
      await rm(place, { force: true });
      throw error;
    }
    return this.#add(key, place);
  }

  async #add(key: string, place: string): Promise<Entry> {
    const entry = { place, bytes: (await stat(place)).size, users: 0 };
    this.#bytes += entry.bytes;
    this.#entries.set(key, entry);
    return entry;
  }

  async #shrink(): Promise<void> {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#mostBytes) return;
      if (entry.users === 0) await this.#remove(key, entry);
    }
    if (this.#bytes > this.#mostBytes)
      throw new Failure('overloaded', `the files in use exceed the lakehouse's cache of ${this.#mostBytes} bytes: read less at once, or make it larger`);
  }

  async #remove(key: string, { place, bytes }: Entry): Promise<void> {
    this.#entries.delete(key);
    this.#bytes -= bytes;
    await rm(place, { force: true });
  }
}
