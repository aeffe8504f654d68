import { Readable } from 'node:stream';
import type { Logger } from '#libs/runtime/logger';
import type { LakeValue } from '#libs/lakehouse/lake-type';
import type { LakeQuery, LakeRelation, Lakehouse } from '#libs/lakehouse/lakehouse';
import type { QueryTrace } from '../rows/query-trace.ts';
import type { LakeRead } from './compile/lake-query.ts';
import { brokenOff, translateLakeError } from './refusals.ts';

/** Longest text that is held back until the number of rows is known. */
const HELD_CHARACTERS = 256 * 1024;

export interface LakePageOptions {
  lakehouse: Lakehouse;
  relation: LakeRelation;
  read: LakeRead;
  controller: AbortController;
  timeoutMs: number;
  /** Longest time that a reader may take to read on, ms. */
  stallMs: number;
  userToken: string | undefined;
  trace: QueryTrace;
  logger: Logger;
  /** What is to be given back at the end, however it comes. */
  close: () => Promise<void>;
}

/** The beginning of a result: whole if it is short. */
export interface Head {
  texts: string[];
  /** More than `texts` is left. */
  more: boolean;
}

/** One read of one version of a table: counts, and rows as text, of which only the beginning is ever held. */
export class LakePage {
  readonly #options: LakePageOptions;
  readonly #from: string;
  #chunks: AsyncIterator<readonly (readonly LakeValue[])[]> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: LakePageOptions) {
    this.#options = options;
    this.#from = options.relation.sql;
  }

  total(): Promise<number> {
    return this.#count(this.#options.read.total);
  }

  page(): Promise<number> {
    return this.#count(this.#options.read.page);
  }

  /** Starts the query; reads until the end, or until there are so many rows or so much text. */
  async head(
    write: (row: readonly LakeValue[]) => string,
    { rows: enough = Infinity, characters = HELD_CHARACTERS }: { rows?: number; characters?: number } = {},
  ): Promise<Head> {
    const { read, trace } = this.#options;
    const { chunks } = await trace.time('lakehouse', () => this.#query(read.rows));
    this.#chunks = chunks[Symbol.asyncIterator]();
    const texts: string[] = [];
    let held = 0;
    while (held < characters && texts.length < enough) {
      const rows = await this.#next();
      if (!rows) return { texts, more: false };
      const started = performance.now();
      for (const row of rows) {
        const text = write(row);
        texts.push(text);
        held += text.length;
      }
      trace.add('serialise', performance.now() - started);
    }
    return { texts, more: true };
  }

  /** The whole body, a piece for each chunk, as fast as it is read. Closes by itself. */
  stream({ texts }: Head, write: (row: readonly LakeValue[]) => string, separator: string): Readable {
    const { controller, logger } = this.#options;
    const readable = Readable.from(this.#pieces(texts, write, separator), { objectMode: false, highWaterMark: 64 * 1024 });
    const abort = (): void => void readable.destroy(controller.signal.reason as Error);
    controller.signal.addEventListener('abort', abort, { once: true });
    readable.once('error', (error: Error) => {
      if (!controller.signal.aborted) logger.error({ err: error }, 'a lakehouse query broke off in the middle of its answer');
    });
    readable.once('close', () => {
      controller.signal.removeEventListener('abort', abort);
      void this.close();
    });
    return readable;
  }

  /** Idempotent. Stops the query if it still runs. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#chunks?.return?.().catch(() => undefined);
    await this.#options.relation.release();
    await this.#options.close();
  }

  async *#pieces(held: readonly string[], write: (row: readonly LakeValue[]) => string, separator: string): AsyncGenerator<string> {
    const { controller, stallMs } = this.#options;
    let piece = `[${held.join(separator)}`;
    for (;;) {
      const stalled = setTimeout(() => controller.abort(new Error(`the client read nothing for ${stallMs} ms`)), stallMs);
      yield piece;
      clearTimeout(stalled);
      const rows = await this.#next();
      if (!rows) break;
      piece = rows.map((row) => separator + write(row)).join('');
    }
    yield ']';
  }

  /** The next chunk; undefined at the end. */
  async #next(): Promise<readonly (readonly LakeValue[])[] | undefined> {
    try {
      const result = await this.#options.trace.time('lakehouse', () => (this.#chunks as AsyncIterator<readonly (readonly LakeValue[])[]>).next());
      return result.done ? undefined : result.value;
    } catch (error) {
      throw this.#translated(error);
    }
  }

  async #count(sql: (from: string) => string): Promise<number> {
    const { chunks } = await this.#options.trace.time('lakehouse', () => this.#query(sql));
    for await (const rows of chunks) if (rows[0]) return Number(rows[0][0]);
    throw brokenOff();
  }

  async #query(sql: (from: string) => string): ReturnType<Lakehouse['query']> {
    const { lakehouse, read, controller, timeoutMs, userToken, trace } = this.#options;
    trace.statement('lakehouse', sql('$table'));
    const query: LakeQuery = { sql: sql(this.#from), parameters: read.parameters, signal: controller.signal, timeoutMs };
    try {
      return await lakehouse.query(userToken === undefined ? query : { ...query, userToken });
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    return this.#options.controller.signal.aborted ? this.#options.controller.signal.reason : translateLakeError(error);
  }
}
