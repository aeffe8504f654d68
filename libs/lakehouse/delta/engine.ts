import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
  StatementType,
} from '@duckdb/node-api';
import { Failure } from '#libs/failure/failure';
import type { LakeValue } from '../lake-type.ts';
import { isEnd, withEnd } from './result-end.ts';
import { quoteText } from './sql-text.ts';
import { bindings } from './values.ts';

export interface EngineOptions {
  /** Where results that outgrow memory go. */
  temporaryDirectory: string;
  /** DuckDB's notation; default 1GB. */
  memoryLimit?: string | undefined;
  /** Default 2. */
  threads?: number | undefined;
  /** The one directory below which it may touch files; everything it may if unset. */
  confinedTo?: string | undefined;
}

export interface Run {
  parameters?: Readonly<Record<string, LakeValue>> | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** DuckDB in this process: statements run on its own threads, one connection for each piece of work. */
export class Engine {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async open({ temporaryDirectory, memoryLimit = '1GB', threads = 2, confinedTo }: EngineOptions): Promise<Engine> {
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: memoryLimit,
      threads: String(threads),
      temp_directory: temporaryDirectory,
      preserve_insertion_order: 'false',
      autoinstall_known_extensions: 'false',
      // What statements have freed goes back to the system after a few megabytes, not after hundreds.
      allocator_flush_threshold: '8MB',
      allocator_bulk_deallocation_flush_threshold: '16MB',
      // The system keeps files at hand already.
      enable_external_file_cache: 'false',
    });
    const engine = new Engine(instance);
    // Timestamps without a zone, such as Spark's INT96, become ones with it: in UTC, wherever this machine is.
    await engine.session((session) => session.run(`set global TimeZone = 'UTC'`));
    if (confinedTo !== undefined) await engine.session((session) => confine(session, confinedTo));
    return engine;
  }

  /** Runs work on a connection of its own; what it made there (temporary tables) ends with it. */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.openSession();
    try {
      return await work(session);
    } finally {
      session.close();
    }
  }

  /** The caller closes it. */
  async openSession(): Promise<Session> {
    return new Session(await this.#instance.connect());
  }

  close(): void {
    this.#instance.closeSync();
  }
}

export class Session {
  readonly #connection: DuckDBConnection;
  /** Results whose last row was seen. */
  readonly #ended = new WeakSet<DuckDBResult>();

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async run(sql: string, options: Run = {}): Promise<void> {
    await this.#guarded(options, async () => void (await this.#connection.run(sql, ...bound(options))));
  }

  async rows<Row extends unknown[]>(sql: string, options: Run = {}): Promise<Row[]> {
    return this.#guarded(options, async () => (await this.#connection.runAndReadAll(sql, ...bound(options))).getRowsJS() as Row[]);
  }

  /** Starts a statement that only reads; any other, or several, are `invalid-input`. Its rows are fetched as they are asked for, by `fetch`. */
  async select(sql: string, options: Run = {}): Promise<DuckDBResult> {
    return this.#guarded(options, async () => {
      const statements = await this.#connection.extractStatements(sql);
      if (statements.count !== 1) throw new Failure('invalid-input', `a query is one statement, not ${statements.count}`);
      const prepared = await this.#connection.prepare(withEnd(sql)).catch(async (error: unknown) => {
        // Only what reads can stand in parentheses; asked by itself, a statement that can't says why.
        const { statementType } = await statements.prepare(0);
        throw statementType === StatementType.SELECT ? error : new Failure('invalid-input', 'a query only reads: this statement does something else');
      });
      const [values, types] = bound(options);
      if (values) prepared.bind(values, types);
      return prepared.stream();
    });
  }

  /** Runs `work` until it ends, is aborted, or takes too long; the latter two stop the engine. */
  async #guarded<T>({ signal, timeoutMs }: Run, work: () => Promise<T>): Promise<T> {
    return guard(this.#connection, signal, timeoutMs, work);
  }

  /**
   * The next rows of a `select`, under the same limits; null at its end. The chunk has one column more than the query, and `rowCount` is how many of its
   * rows count. A result that ends without its end is `dependency-unavailable`, or `timeout` when that was the limit.
   */
  async fetch(result: DuckDBResult, options: Run): Promise<{ chunk: DuckDBDataChunk; rowCount: number } | null> {
    const began = performance.now();
    const chunk = await guard(this.#connection, options.signal, options.timeoutMs, () => result.fetchChunk());
    if (chunk && chunk.rowCount > 0) {
      const ended = isEnd(chunk);
      if (ended) this.#ended.add(result);
      return { chunk, rowCount: ended ? chunk.rowCount - 1 : chunk.rowCount };
    }
    if (this.#ended.has(result)) return null;
    options.signal?.throwIfAborted();
    if (options.timeoutMs !== undefined && performance.now() - began >= options.timeoutMs)
      throw new Failure('timeout', `the statement took longer than ${options.timeoutMs} ms`);
    throw new Failure('dependency-unavailable', 'the engine broke off in the middle of a result');
  }

  close(): void {
    this.#connection.closeSync();
  }
}

/** From here on no statement reaches another file, loads code, or undoes this. */
async function confine(session: Session, directory: string): Promise<void> {
  await session.run(`set global allowed_directories = [${quoteText(directory)}]`);
  await session.run('set global enable_external_access = false');
  await session.run('set global lock_configuration = true');
}

function bound({ parameters }: Run): [values?: Record<string, DuckDBValue>, types?: Record<string, DuckDBType>] {
  if (!parameters || Object.keys(parameters).length === 0) return [];
  const { values, types } = bindings(parameters);
  return [values, types];
}

async function guard<T>(connection: DuckDBConnection, signal: AbortSignal | undefined, timeoutMs: number | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  let late = false;
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          connection.interrupt();
        }, timeoutMs);
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (late) throw new Failure('timeout', `the statement took longer than ${timeoutMs} ms`, { cause: error });
    throw translate(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}

/** DuckDB's errors are known by how their text begins. */
function translate(error: unknown): Error {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  if (error instanceof Failure) return error;
  if (
    /^(Failed to [\w ]+: )?(Conversion|Invalid Input|Out of Range|Constraint|Parser|Binder|Catalog|Invalid type|Mismatch Type|Syntax|Permission|Not implemented) ?Error/i.test(
      message,
    )
  )
    return new Failure('invalid-input', withoutValues(message), { cause: error });
  if (/No space left on device|Disk quota exceeded|File too large|max_temp_directory_size/i.test(message))
    return new Failure('storage-full', 'no space left for the lakehouse', { cause: error });
  if (/^Out of Memory/i.test(message)) return new Failure('overloaded', 'the query needs more memory than it may have', { cause: error });
  if (/^IO Error/i.test(message)) return new Failure('dependency-unavailable', message, { cause: error });
  return new Failure('bug', message, { cause: error });
}

/** The first line says what; what follows quotes the statement, and may quote values. */
function withoutValues(message: string): string {
  return message.split('\n')[0] ?? message;
}
