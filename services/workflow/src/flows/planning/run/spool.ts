import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLUSH_CHARACTERS = 1 << 20;

/** Some rows for one statement. */
export interface Batch {
  /** A JSON array. */
  rows: string;
  /** The bulk of each row, one a line, in the same order; '' where they have none. */
  bulk: string;
}

/**
 * Rows of one kind on disk, a line each: a plan of any size in bounded memory. A row is JSON, and after a tab maybe its bulk, more JSON that Postgres reads by itself:
 * as a member of the row it would be parsed twice. JSON has neither line breaks nor tabs of its own.
 */
export class Spool {
  readonly path: string;
  readonly #file: FileHandle;
  #buffer: string[] = [];
  #buffered = 0;
  #count = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<Spool> {
    return new Spool(path, await open(path, 'w', 0o600));
  }

  get count(): number {
    return this.#count;
  }

  /** `bulk`: JSON text; all rows of a spool have one, or none has. */
  async add(row: object, bulk?: string): Promise<void> {
    const line = `${JSON.stringify(row)}${bulk === undefined ? '' : `\t${bulk}`}\n`;
    this.#buffer.push(line);
    this.#buffered += line.length;
    this.#count += 1;
    if (this.#buffered >= FLUSH_CHARACTERS) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#buffer.join('');
    [this.#buffer, this.#buffered] = [[], 0];
    if (text !== '') await this.#file.appendFile(text);
  }

  async *rows(): AsyncGenerator<{ row: unknown; bulk: string }> {
    for await (const { rows, bulk } of this.batches(FLUSH_CHARACTERS)) {
      const bulks = bulk.split('\n');
      for (const [index, row] of (JSON.parse(rows) as unknown[]).entries()) yield { row, bulk: bulks[index] ?? '' };
    }
  }

  /** Rows in batches of about `bytes`, and more only where one row has more. */
  async *batches(bytes: number): AsyncGenerator<Batch> {
    await this.flush();
    let begun = '';
    for await (const piece of createReadStream(this.path, { encoding: 'utf8', highWaterMark: bytes }) as AsyncIterable<string>) {
      const text = begun + piece;
      const end = text.lastIndexOf('\n');
      begun = text.slice(end + 1);
      if (end >= 0) yield batchOf(text.slice(0, end));
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function batchOf(text: string): Batch {
  if (!text.includes('\t')) return { rows: `[${text.replaceAll('\n', ',')}]`, bulk: '' };
  const lines = text.split('\n');
  const tabs = lines.map((line) => line.indexOf('\t'));
  return {
    rows: `[${lines.map((line, index) => line.slice(0, tabs[index])).join(',')}]`,
    bulk: lines.map((line, index) => line.slice((tabs[index] ?? 0) + 1)).join('\n'),
  };
}

export const SPOOLS = ['fresh', 'changed', 'removals', 'conflicts', 'settled', 'changes', 'halves', 'scopes', 'tieOuts', 'lake'] as const;
export type Spools = Record<(typeof SPOOLS)[number], Spool>;

/** A new plan on disk while it is made and published; gone afterwards, whatever happened. */
export async function withSpools<T>(work: (spools: Spools) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'lakeloop-plan-'));
  const opened: Spool[] = [];
  try {
    const entries = await Promise.all(SPOOLS.map(async (name) => [name, await Spool.create(join(directory, `${name}.ndjson`))] as const));
    opened.push(...entries.map(([, spool]) => spool));
    return await work(Object.fromEntries(entries) as Spools);
  } finally {
    await Promise.all(opened.map((spool) => spool.close().catch(() => undefined)));
    await rm(directory, { recursive: true, force: true });
  }
}
