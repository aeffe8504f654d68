import { setTimeout as delay } from 'node:timers/promises';
import { DBSQLClient, type DBSQLSession } from '@databricks/sql';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Credentials } from './credentials.ts';
import { driverFailure, isSessionGone } from './driver-errors.ts';
import { guarded, type Limits } from './guarded.ts';
import type { Bound } from './parameters.ts';
import { retried, type RetryOptions } from './retry.ts';
import { columnsOfArrow, rowReader } from './values.ts';

export interface WarehouseOptions {
  /** `host` or `host:port`. */
  host: string;
  /** `/sql/1.0/warehouses/<id>`. */
  httpPath: string;
  credentials: Credentials;
  /** Whose the credentials are: for messages. Default `service`. */
  whose?: 'service' | 'user';
  /** The warehouse itself stops a statement after this long, even when we are gone. Default 900,000 ms. */
  statementTimeoutMs?: number | undefined;
  /** Limit for one request of the driver's, ms; no statement needs one so long, since the driver asks again and again. Default 60,000. */
  requestTimeoutMs?: number | undefined;
  retry?: RetryOptions | undefined;
  caCertificate?: string | undefined;
}

export interface WarehouseStatement extends Limits {
  sql: string;
  bound?: Bound;
  /** Whether running it twice does no harm: then it is also repeated when nobody knows if it arrived. */
  repeatable?: boolean;
  /** Directory of the local file that a PUT or GET may touch. */
  stagingDirectory?: string;
}

export interface WarehouseResult {
  columns: LakeColumn[];
  chunks: AsyncGenerator<LakeValue[][], void, undefined>;
}

type Operation = Awaited<ReturnType<DBSQLSession['executeStatement']>>;
type Session = Awaited<ReturnType<DBSQLClient['openSession']>>;

/** Rows asked for at once: what is in memory of a result, besides the batch that the driver reads ahead. */
const CHUNK_ROWS = 10_000;
const STATEMENT_TIMEOUT_MS = 900_000;
const REQUEST_TIMEOUT_MS = 60_000;
const CLOSE_MS = 5_000;
/** The driver's log lines may hold statements; its errors reach us as exceptions. */
const SILENT = { log: (): void => undefined };

/**
 * Statements on one SQL warehouse through `@databricks/sql`, over one session. Sessions hold settings only (UTC, ANSI mode, the statement timeout), so any number of statements run on it at once,
 * and one that the warehouse has forgotten is opened anew.
 */
export class Warehouse {
  readonly #options: WarehouseOptions;
  readonly #whose: 'service' | 'user';
  #client: Promise<DBSQLClient> | undefined;
  #session: Promise<Session> | undefined;
  readonly #stopping = new Set<Promise<void>>();

  constructor(options: WarehouseOptions) {
    this.#options = options;
    this.#whose = options.whose ?? 'service';
  }

  /** Starts a statement and waits until it has a result. The rows are fetched as they are asked for; ending early frees them, in the warehouse too. */
  async run(statement: WarehouseStatement): Promise<WarehouseResult> {
    statement.signal?.throwIfAborted();
    const pending = this.#submit(statement);
    let stopped = false;
    // More than one wait can tell it: what is aborted fails, and what fails is stopped.
    const stop = (): void => {
      if (!stopped) this.#stop(pending);
      stopped = true;
    };
    try {
      const operation = await guarded(pending, statement, stop);
      await guarded(operation.finished(), statement, stop);
      const schema = await operation.getSchema();
      const arrow = schema === null ? undefined : (await operation.getResultMetadata()).arrowSchema;
      const columns = arrow === undefined ? [] : columnsOfArrow(arrow);
      return { columns, chunks: this.#chunks(operation, columns, statement, stop) };
    } catch (error) {
      stop();
      throw this.#failure(error, statement);
    }
  }

  /** A small result, whole. */
  async rows(statement: WarehouseStatement): Promise<Record<string, LakeValue>[]> {
    const { columns, chunks } = await this.run(statement);
    const rows: Record<string, LakeValue>[] = [];
    for await (const chunk of chunks) for (const row of chunk) rows.push(Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
    return rows;
  }

  /** Ends what is open. A warehouse that does not answer is not waited for: its sessions end by themselves. */
  async close(): Promise<void> {
    await Promise.race([this.#end(), delay(CLOSE_MS, undefined, { ref: false })]);
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#stopping);
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    this.#session = undefined;
    await client?.close().catch(() => undefined);
  }

  #submit(statement: WarehouseStatement): Promise<Operation> {
    const { signal, repeatable = false } = statement;
    return retried(
      async () => {
        const before = this.#session;
        try {
          return await this.#execute(statement);
        } catch (error) {
          if (!isSessionGone(error)) throw driverFailure(error, this.#whose);
        }
        if (this.#session === before) this.#session = undefined;
        try {
          return await this.#execute(statement);
        } catch (error) {
          throw driverFailure(error, this.#whose);
        }
      },
      { ...this.#options.retry, repeatable, signal },
    );
  }

  async #execute({ sql, bound, timeoutMs, stagingDirectory }: WarehouseStatement): Promise<Operation> {
    const session = await this.#opened();
    return session.executeStatement(sql, {
      maxRows: CHUNK_ROWS,
      // Results inline: none of them is fetched from object storage, past the workspace's own access rules and ten files at a time.
      useCloudFetch: false,
      ...(bound && Object.keys(bound).length > 0 ? { namedParameters: bound } : {}),
      ...(timeoutMs === undefined ? {} : { queryTimeout: Math.ceil(timeoutMs / 1000) }),
      ...(stagingDirectory === undefined ? {} : { stagingAllowedLocalPath: stagingDirectory }),
    });
  }

  #opened(): Promise<Session> {
    this.#session ??= this.#openSession().catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #openSession(): Promise<Session> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    const client = await this.#client;
    const seconds = Math.ceil((this.#options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS) / 1000);
    return client.openSession({ configuration: { TIMEZONE: 'UTC', ANSI_MODE: 'true', STATEMENT_TIMEOUT: String(seconds) } });
  }

  async #connect(): Promise<DBSQLClient> {
    const { host, httpPath, credentials, caCertificate, requestTimeoutMs = REQUEST_TIMEOUT_MS, retry = {} } = this.#options;
    const [name = '', port] = host.split(':');
    const client = new DBSQLClient({ logger: SILENT });
    client.on('error', () => undefined);
    await client.connect({
      host: name,
      path: httpPath,
      authType: 'custom',
      provider: { authenticate: async () => ({ Authorization: `Bearer ${await credentials.token()}` }) },
      userAgentEntry: 'Lakeloop',
      telemetryEnabled: false,
      // The driver's HTTP client waits for ever for the rest of an answer whose connection broke in the middle.
      socketTimeout: requestTimeoutMs,
      preserveBigNumericPrecision: true,
      // The driver's own retries, of calls that are safe to repeat (status, close, cancel).
      retryMaxAttempts: retry.attempts ?? 6,
      retryDelayMin: retry.initialMs ?? 500,
      retryDelayMax: 30_000,
      retriesTimeout: retry.totalMs ?? 120_000,
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(caCertificate === undefined ? {} : { customCaCert: caCertificate }),
    });
    // Timestamps, decimals and nested values as text: as native Arrow values the driver would cut timestamps to milliseconds. It has no option of `connect` for this.
    client.getConfig().useArrowNativeTypes = false;
    return client;
  }

  async *#chunks(operation: Operation, columns: readonly LakeColumn[], statement: WarehouseStatement, stop: () => void): WarehouseResult['chunks'] {
    const read = rowReader(columns);
    let ended = false;
    try {
      while (await guarded(operation.hasMoreRows(), statement, stop)) {
        const rows = await guarded(operation.fetchChunk({ maxRows: CHUNK_ROWS, disableBuffering: true }), statement, stop);
        if (rows.length > 0) yield rows.map(read);
      }
      // A statement that is stopped while its rows are read says that it has no more of them.
      statement.signal?.throwIfAborted();
      ended = true;
    } catch (error) {
      throw this.#failure(error, statement);
    } finally {
      if (ended) await operation.close().catch(() => undefined);
      else stop();
    }
  }

  /** Cancels the statement in the warehouse as soon as its handle is known. */
  #stop(pending: Promise<Operation>): void {
    const stopping = pending
      .then((operation) => operation.cancel())
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.#stopping.delete(stopping));
    this.#stopping.add(stopping);
  }

  /** The signal's reason passes as it is. */
  #failure(error: unknown, { signal }: WarehouseStatement): unknown {
    if (signal?.aborted && error === signal.reason) return error;
    return driverFailure(error, this.#whose);
  }
}
