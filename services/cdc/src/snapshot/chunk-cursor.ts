import type pg from 'pg';
import { type ChunkBounds, type ChunkQuery, chunkQuery, sizesQuery, type SnapshotTable, trimmedQuery } from './chunk-query.ts';

/** A row as text. */
export interface ChunkText {
  texts: readonly (string | null)[];
  /** Of a row over the limit: about its bytes, and the columns whose values were left out. */
  trimmed: { bytes: number; left: ReadonlySet<number> } | null;
}

export interface ChunkCursorOptions {
  client: pg.ClientBase;
  table: SnapshotTable;
  where: string | null;
  bounds: ChunkBounds;
  /** A larger row is not read whole. */
  maxRowBytes: number;
  /** About the most that is read at once, where it is more than one row. */
  maxBytes: number;
}

interface Asked {
  count: number;
  rows: Promise<(string | null)[][]>;
}

/** Rows of one FETCH. */
const FETCH = 250;
const TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/**
 * Rows of a chunk in its order, within a transaction of the caller's. Where values may be large, sizes are asked for before the rows: no more of them come at once
 * than memory is meant for. `close` before the session is used otherwise.
 */
export class ChunkCursor {
  readonly #options: ChunkCursorOptions;
  #sizes: number[] = [];
  #at = 0;
  /** Asked for while the rows before are dealt with, so that neither side waits for the other. */
  #ahead: Asked | undefined;
  #ended = false;

  private constructor(options: ChunkCursorOptions) {
    this.#options = options;
  }

  static async open(options: ChunkCursorOptions): Promise<ChunkCursor> {
    const { client, table, where, bounds } = options;
    await client.query(oneStatement(declared('chunk', chunkQuery(table, where, bounds))));
    if (table.wide.length > 0) await client.query(oneStatement(declared('sizes', sizesQuery(table, where, bounds))));
    return new ChunkCursor(options);
  }

  /** No more rows come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next rows, `most` of them at most; fewer may come before the end. */
  async next(most: number): Promise<ChunkText[]> {
    if (this.#options.table.wide.length === 0) return this.#narrow(most);
    const count = Math.min(FETCH, most);
    if (this.#sizes.length === 0) this.#sizes = (await this.#fetch('sizes', count)).map(([bytes]) => Number(bytes));
    if (this.#sizes.length === 0) {
      this.#ended = true;
      return [];
    }
    return (this.#sizes[0] ?? 0) > this.#options.maxRowBytes ? [await this.#trimmed()] : this.#group(count);
  }

  /** Nothing is asked of the session any more. */
  async close(): Promise<void> {
    await this.#ahead?.rows.catch(() => undefined);
  }

  async #narrow(most: number): Promise<ChunkText[]> {
    const { count, rows } = this.#ahead ?? this.#ask(most);
    this.#ahead = undefined;
    const texts = await rows;
    this.#ended = texts.length < count;
    if (!this.#ended && most > count) this.#ahead = this.#ask(most - count);
    return texts.map((row) => ({ texts: row, trimmed: null }));
  }

  #ask(most: number): Asked {
    const count = Math.min(FETCH, most);
    const rows = this.#fetch('chunk', count);
    // Whoever asked may end before it comes.
    rows.catch(() => undefined);
    return { count, rows };
  }

  async #group(most: number): Promise<ChunkText[]> {
    const { maxRowBytes, maxBytes } = this.#options;
    let [count, bytes] = [0, 0];
    for (const size of this.#sizes.slice(0, most)) {
      if (size > maxRowBytes || (count > 0 && bytes + size > maxBytes)) break;
      count += 1;
      bytes += size;
    }
    this.#sizes.splice(0, count);
    this.#at += count;
    return (await this.#fetch('chunk', count)).map((texts) => ({ texts, trimmed: null }));
  }

  async #trimmed(): Promise<ChunkText> {
    const { client, table, where, bounds } = this.#options;
    await client.query('move 1 in chunk');
    const { text, values } = trimmedQuery(table, where, bounds, this.#at);
    const { rows } = await client.query<(string | null)[]>({ ...oneStatement({ text, values }), rowMode: 'array', types: TEXT } as pg.QueryArrayConfig);
    const [row = []] = rows;
    const flags = (row.at(-1) ?? '{}').slice(1, -1).split(',');
    const left = new Set(table.wide.flatMap(({ name }, index) => (flags[index] === 't' ? [table.columns.indexOf(name)] : [])));
    this.#at += 1;
    return { texts: row.slice(0, -1), trimmed: { bytes: this.#sizes.shift() ?? 0, left } };
  }

  async #fetch(cursor: string, count: number): Promise<(string | null)[][]> {
    const { rows } = await this.#options.client.query<(string | null)[]>({ text: `fetch ${count} from ${cursor}`, rowMode: 'array', types: TEXT });
    return rows;
  }
}

function declared(name: string, { text, values }: ChunkQuery): ChunkQuery {
  return { text: `declare ${name} no scroll cursor for ${text}`, values };
}

/** The extended protocol takes one statement: a condition can't end it and begin another, outside the read-only transaction. */
export function oneStatement({ text, values }: ChunkQuery): pg.QueryConfig {
  return { text, values: [...values], queryMode: 'extended' } as pg.QueryConfig;
}
