import type { ImportReport } from '#contracts/http/imports';
import { parseJson } from '#contracts/topics/json';
import { pause, reconnectDelay } from '../backoff.ts';
import type { Http, Reading } from '../http.ts';
import { HttpProblem } from '../http-problem.ts';
import type { TableName } from '../tables/table-name.ts';
import { writeHeaders, type WriteOptions } from '../write-options.ts';
import { type Bytes, upload } from './upload.ts';

/** What is imported, and how. */
export interface ImportSpec {
  table: TableName;
  /** `csv`: RFC 4180 with a header. `ndjson`: one JSON object a line. */
  format: 'csv' | 'ndjson';
  /** What a refused line does to the others. Default `all-or-nothing`. */
  mode?: 'all-or-nothing' | 'skip-bad';
  /** What is taken of the file, and into which columns. Default: its names are those of the columns. */
  columns?: readonly { name: string; column: string }[] | undefined;
}

/** The bytes; or a function that gives them from an offset on, which lets a stream go on after a broken connection. A Blob can do that by itself. */
export type ImportSource = Bytes | ((offset: number) => Bytes | Promise<Bytes>);

export interface FeedOptions extends WriteOptions {
  /** Where `body` begins in the file, bytes. Default 0. */
  offset?: number;
  /** Told where in the file the last byte lies that is on its way. */
  onSent?: (bytes: number) => void;
}

export interface SendOptions extends WriteOptions {
  /** Told what is on its way of the file, bytes, and what the service has made of it, twice a second. */
  onProgress?: (progress: { sent: number; report: ImportReport }) => void;
  /** Gives up after so many attempts in a row that the import did not move. Default 10. */
  attempts?: number;
}

const ASK_MS = 500;
const LONGEST_WAIT_MS = 5_000;

/** Imports of files (docs/import.md). Methods throw `HttpProblem`; refused lines are no error but in the report. */
export class Imports {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Begins an import; nothing is written yet. 404 `unknown-table`; 400 for columns that the table does not have. */
  begin({ table, columns, ...spec }: ImportSpec, options: WriteOptions = {}): Promise<ImportReport> {
    const body = { ...spec, table: table.name, ...(table.schema === undefined ? {} : { schema: table.schema }), ...(columns ? { columns } : {}) };
    return this.#http.json('/v1/imports', { method: 'POST', body, headers: writeHeaders(options), signal: options.signal });
  }

  /** How far it is. Whoever began it sees it. */
  report(id: string, { signal }: Reading = {}): Promise<ImportReport> {
    return this.#http.json(importPath(id), { signal });
  }

  /** One attempt to send the file, or the rest of it; the report at its end. 409 `wrong-offset` with `problem.offset`, 422 `lines-refused`; `TypeError` where the connection broke. */
  async feed(id: string, body: Bytes, { offset = 0, onSent = () => undefined, ...options }: FeedOptions = {}): Promise<ImportReport> {
    const headers = { ...writeHeaders(options), 'upload-offset': String(offset) };
    const sending = { path: importPath(id, '/content'), headers, body, onSent: (bytes: number) => onSent(offset + bytes), signal: options.signal };
    return parseJson(await upload(this.#http, sending)) as unknown as ImportReport;
  }

  /**
   * Sends the file of an import until it has ended, over as many connections as it takes, from where the service stands each time. The report's `state` is `complete`
   * or `failed` (nothing was written; `failure` and `refusals` say why). Throws when it can't go on: for a refusal, after `attempts`, or when `signal` aborts.
   */
  async send(id: string, source: ImportSource, options: SendOptions = {}): Promise<ImportReport> {
    const { attempts = 10, signal = new AbortController().signal } = options;
    for (let attempt = 1, moved = -1; ; attempt += 1) {
      const failure = await this.#attempt(id, source, options).then(
        (report) => report,
        (error: unknown) => ({ error }),
      );
      if (!('error' in failure)) return failure;
      signal.throwIfAborted();
      if (!mayPass(failure.error) || attempt >= attempts || !canGoOn(source)) throw failure.error;
      await pause(reconnectDelay(attempt, LONGEST_WAIT_MS), signal);
      signal.throwIfAborted();
      const { offset } = await this.report(id, { signal }).catch(() => ({ offset: moved }));
      if (offset > moved) attempt = 1;
      moved = offset;
    }
  }

  /** Begins an import and sends its file: see `send`. */
  async run(spec: ImportSpec, source: ImportSource, options: SendOptions = {}): Promise<ImportReport> {
    return this.send((await this.begin(spec, options)).id, source, options);
  }

  async #attempt(id: string, source: ImportSource, { onProgress, ...options }: SendOptions): Promise<ImportReport> {
    const { signal } = options;
    const standing = await this.report(id, { signal });
    if (standing.state !== 'open') return standing;
    const body = typeof source === 'function' ? await source(standing.offset) : source instanceof Blob ? source.slice(standing.offset) : source;
    let sent = standing.offset;
    const tell = (report: ImportReport): void => onProgress?.({ sent, report });
    const asking = onProgress && setInterval(() => void this.report(id, { signal }).then(tell, () => undefined), ASK_MS);
    try {
      const report = await this.feed(id, body, { ...options, offset: standing.offset, onSent: (bytes) => (sent = bytes) });
      tell(report);
      return report;
    } catch (error) {
      // What it ended by is in its report.
      const ended = error instanceof HttpProblem ? await this.report(id, { signal }) : standing;
      if (ended.state === 'open') throw error;
      return ended;
    } finally {
      clearInterval(asking);
    }
  }
}

function importPath(id: string, rest = ''): string {
  return `/v1/imports/${encodeURIComponent(id)}${rest}`;
}

/** A stream is gone once it was read; of it nothing can be sent again. */
function canGoOn(source: ImportSource): boolean {
  return typeof source === 'function' || source instanceof Blob;
}

/** No answer, a service that is ill, or one that has not noticed yet that the last connection is gone. */
function mayPass(error: unknown): boolean {
  // By its name: the fetch of another realm has a TypeError of its own.
  return error instanceof HttpProblem ? error.passing || error.status === 409 : (error as { name?: unknown } | null)?.name === 'TypeError';
}
