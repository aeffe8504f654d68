import { hash } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import type { Warehouse, WarehouseResult, WarehouseStatement } from './warehouse.ts';

export interface UserWarehousesOptions {
  /** The warehouse under a user's token: no session is open yet. */
  open: (token: string) => Warehouse;
  /** A session that nobody used for so long is closed, ms. Default 60,000. */
  idleMs?: number | undefined;
  /** Sessions that are kept; beyond, the one that was idle longest is closed first. Default 64. */
  most?: number | undefined;
}

interface Entry {
  warehouse: Warehouse;
  /** Statements under way, their results included. */
  running: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Sessions of users on the warehouse, each under the token it was opened with and kept by that token's hash, so that Unity Catalog sees the user and no token ever serves another.
 * A token that the workspace does not accept any more ends its session; a renewed token is another one.
 */
export class UserWarehouses {
  readonly #open: (token: string) => Warehouse;
  readonly #idleMs: number;
  readonly #most: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor({ open, idleMs = 60_000, most = 64 }: UserWarehousesOptions) {
    this.#open = open;
    this.#idleMs = idleMs;
    this.#most = most;
  }

  async run(token: string, statement: WarehouseStatement): Promise<WarehouseResult> {
    const key = hash('sha256', token, 'base64');
    const entry = this.#enter(key, token);
    try {
      const { columns, chunks } = await entry.warehouse.run(statement);
      return { columns, chunks: this.#leaving(key, entry, chunks) };
    } catch (error) {
      this.#leave(key, entry, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const [key, entry] of this.#entries) this.#drop(key, entry);
    await Promise.allSettled(this.#closing);
  }

  #enter(key: string, token: string): Entry {
    const entry = this.#entries.get(key) ?? { warehouse: this.#open(token), running: 0, idle: undefined };
    clearTimeout(entry.idle);
    entry.running += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const [other, { running }] of this.#entries) {
      if (this.#entries.size <= this.#most) break;
      if (running === 0) this.#drop(other, this.#entries.get(other) as Entry);
    }
    return entry;
  }

  #leave(key: string, entry: Entry, error?: unknown): void {
    entry.running -= 1;
    const current = this.#entries.get(key) === entry;
    const refused = error instanceof Failure && error.detail['status'] === 401;
    if (refused && current) this.#entries.delete(key);
    if (entry.running > 0) return;
    if (refused || !current) return this.#end(entry);
    entry.idle = setTimeout(() => this.#drop(key, entry), this.#idleMs).unref();
  }

  async *#leaving(key: string, entry: Entry, chunks: WarehouseResult['chunks']): WarehouseResult['chunks'] {
    let failure: unknown;
    try {
      yield* chunks;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      this.#leave(key, entry, failure);
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    clearTimeout(entry.idle);
    this.#end(entry);
  }

  #end({ warehouse }: Entry): void {
    const closing = warehouse.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
