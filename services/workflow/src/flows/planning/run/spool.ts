import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const FLUSH_CHARACTERS = 1 << 20;

/** Rows of one kind on disk, as NDJSON: a plan of any size in bounded memory. */
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

  async add(row: object): Promise<void> {
    const line = `${JSON.stringify(row)}\n`;
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

  /** Each row as JSON text. */
  async *lines(): AsyncGenerator<string> {
    await this.flush();
    yield* createInterface({ input: createReadStream(this.path, 'utf8'), crlfDelay: Infinity });
  }

  /** JSON arrays of some rows each, about `bytes` long and more only where one row is. */
  async *batches(bytes: number): AsyncGenerator<string> {
    await this.flush();
    let begun = '';
    for await (const piece of createReadStream(this.path, { encoding: 'utf8', highWaterMark: bytes }) as AsyncIterable<string>) {
      const text = begun + piece;
      const end = text.lastIndexOf('\n');
      begun = text.slice(end + 1);
      // A row is one line: JSON has no line breaks of its own.
      if (end >= 0) yield `[${text.slice(0, end).replaceAll('\n', ',')}]`;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
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
