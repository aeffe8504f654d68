import { PostgrestClient } from '@supabase/postgrest-js';
import type { FlowDescription, Flows } from '#contracts/http/flows';
import type { UndoReport, VersionDiff } from '#contracts/http/history';
import type { Trace } from '#contracts/http/trace';
import { type BatchOutcome, type BatchRequest, runBatch } from './batch.ts';
import type { Token } from './event-source.ts';
import { History, type HistoryOf } from './history/history.ts';
import { type AsOf, Past } from './history/past.ts';
import { cancelUndo, compareVersions, type Comparison, type RestoreOptions, restoreVersion, undo, type UndoOptions } from './history/undo.ts';
import { Http, type Reading } from './http.ts';
import { type IdempotentOptions, idempotentFetch } from './idempotent-fetch.ts';
import { Subscription, type SubscriptionHandlers } from './subscription.ts';
import type { TableName } from './tables/table-name.ts';
import { Tables } from './tables/tables.ts';
import { exportRows, type ExportOptions } from './transfer/export-rows.ts';
import { Imports } from './transfer/imports.ts';

export { PostgrestClient } from '@supabase/postgrest-js';
export { HttpProblem } from './http-problem.ts';
export { newTraceparent } from './idempotent-fetch.ts';
export { type RowChange, rowKey } from './live-rows.ts';
export { Subscription, type SubscriptionHandlers, type SubscriptionStatus } from './subscription.ts';

export interface ClientOptions {
  /** Base URL of Lakeloop; `''` for the page's own origin. */
  url: string;
  /** Bearer token, or what gives one: asked at every connection, so that it is always fresh. Absent where a cookie signs the caller in. */
  token?: Token;
  /** Default: the global one. */
  fetch?: typeof fetch;
  /** Longest wait between attempts to connect, ms. Default 5,000. */
  maxDelayMs?: number;
  /** A stream without a byte for so long, ms, is taken for dead. Default 45,000: three heartbeats. */
  silenceMs?: number;
}

export interface SubscribeTo {
  schema: string;
  table: string;
  /** PostgREST filters: `amount=gt.100&state=in.(flagged,recommended)`, or by column. */
  filter?: string | Readonly<Record<string, string>>;
  /** Columns; default all that may be read. The key's are always there. */
  select?: readonly string[];
  /** Take no snapshot and hold no rows: for a table too large to hold, whose pages are read otherwise. `before` of a change is not known then. */
  changesOnly?: boolean;
}

/** Rows of a table whose shape is not told. */
export interface AnyTable {
  Row: Record<string, unknown>;
  Insert: Record<string, unknown>;
  Update: Record<string, unknown>;
  Relationships: [];
}
/** Every schema and table, rows untyped: what postgrest-js assumes when it is told nothing, without its `any`. */
export type AnyDatabase = Record<
  string,
  { Tables: Record<string, AnyTable>; Views: Record<string, AnyTable>; Functions: Record<string, { Args: Record<string, unknown>; Returns: unknown }> }
>;

/** A Lakeloop, in a browser or in Node: rows, tables, their history, files in and out, live changes, flows (docs/client.md). */
export class LakeloopClient<Database = AnyDatabase> {
  readonly #options: ClientOptions;
  readonly #http: Http;
  /** The row API, authenticated: postgrest-js. */
  readonly rows: PostgrestClient<Database>;
  /** Tables that users make and edit, and saved views. */
  readonly tables: Tables;
  /** Files into tables. */
  readonly imports: Imports;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#http = new Http(options);
    this.rows = this.#postgrest(this.#http.fetch);
    this.tables = new Tables(this.#http);
    this.imports = new Imports(this.#http);
  }

  /** A table of the default schema: postgrest-js. */
  from: PostgrestClient<Database>['from'] = (...args: Parameters<PostgrestClient<Database>['from']>) => this.rows.from(...args);

  /** Another schema: postgrest-js. */
  schema: PostgrestClient<Database>['schema'] = ((...args: Parameters<PostgrestClient<Database>['schema']>) =>
    this.rows.schema(...args)) as PostgrestClient<Database>['schema'];

  /**
   * The row API for ONE write that is sent until it is answered and happens once (Idempotency-Key), in a trace of its own or the one given, with a reason:
   * `client.idempotent().schema('exceptions').from('flags').insert({…}).select()`
   */
  idempotent(options: IdempotentOptions = {}): PostgrestClient<Database> {
    return this.#postgrest(idempotentFetch(this.#http.fetch, options));
  }

  /**
   * Row requests in one transaction, over several tables: each sees what those before it wrote; the first that is refused ends it all, and nothing is kept. It is
   * sent until it is answered, and happens once. At most 1,000 requests. Throws `HttpProblem` with the row API's status, and `problem.index` of the request.
   */
  batch(requests: readonly BatchRequest[], options: IdempotentOptions = {}): Promise<BatchOutcome> {
    return runBatch(this.#http, requests, options);
  }

  /** Who changed what of a table or a row, when and why, newest first: `for await (const change of client.history(table, { key: 7 })) …` */
  history(table: TableName, of: HistoryOf = {}): History {
    return new History(this.#http, table, of);
  }

  /** Two versions of a row, each by the change that made it, and the columns in which they differ. Throws `HttpProblem`: 404 where there is no such change of this row. */
  compare(table: TableName, comparison: Comparison): Promise<VersionDiff> {
    return compareVersions(this.#http, table, comparison);
  }

  /** Brings one row back to what it was after one of its changes, also after it was deleted. Throws `HttpProblem`: 409 `changed-since`, 403, 404. */
  restore(table: TableName, options: RestoreOptions): Promise<UndoReport> {
    return restoreVersion(this.#http, table, options);
  }

  /**
   * Takes one change back, or all of a request or trace, as a write of the caller. Throws `HttpProblem`: 409 `changed-since` with `problem.conflicts` where somebody
   * changed a row since, and nothing is done; 404, 403. One of many rows goes on in the service, and is looked at until it has ended; an abort ends the looking
   alone. It is sent once: a second undo of the same finds a change since.
   */
  undo(options: UndoOptions): Promise<UndoReport> {
    return undo(this.#http, options);
  }

  /** Ends an undo that goes on in the service: nothing of it is kept, and who waits for it is told 409. */
  cancelUndo(id: string): Promise<void> {
    return cancelUndo(this.#http, id);
  }

  /** The row API as of a moment: `const past = client.asOf('2026-01-02T03:04:05Z'); await past.from('orders').select(); past.moment` */
  asOf(moment: AsOf): Past<Database> {
    return new Past<Database>(this.#http, moment);
  }

  /** Rows as CSV, NDJSON or Parquet: a stream of any length. Throws `HttpProblem` before the first byte; what breaks later fails the stream. */
  exportRows(table: TableName, options: ExportOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return exportRows(this.#http, table, options);
  }

  /** Live rows: see `Subscription`. */
  subscribe<Row = Record<string, unknown>>(to: SubscribeTo, handlers: SubscriptionHandlers<Row> = {}): Subscription<Row> {
    const { token, maxDelayMs = 5_000, silenceMs = 45_000 } = this.#options;
    const query = new URLSearchParams(typeof to.filter === 'object' ? { ...to.filter } : (to.filter ?? ''));
    if (to.select) query.set('select', to.select.map(quoted).join(','));
    const path = `/v1/changes/${encodeURIComponent(`${to.schema}.${to.table}`)}${query.size > 0 ? `?${query}` : ''}`;
    return new Subscription<Row>(
      {
        url: this.#http.url(path),
        token,
        fetch: this.#options.fetch ?? globalThis.fetch.bind(globalThis),
        maxDelayMs,
        silenceMs,
        changesOnly: to.changesOnly ?? false,
      },
      handlers,
    );
  }

  /** Every step of one case. Throws `HttpProblem`. */
  trace(traceId: string, { signal }: Reading = {}): Promise<Trace> {
    return this.#http.json(`/v1/trace/${encodeURIComponent(traceId)}`, { signal });
  }

  /** The flows that the caller may read. Throws `HttpProblem`. */
  async flows({ signal }: Reading = {}): Promise<FlowDescription[]> {
    return (await this.#http.json<Flows>('/v1/flows', { signal })).flows;
  }

  #postgrest(send: typeof fetch): PostgrestClient<Database> {
    return new PostgrestClient<Database>(this.#http.url('/rest/v1'), { fetch: send });
  }
}

/** `Database`: postgrest-js's type of the schemas, for typed rows. */
export function createClient<Database = AnyDatabase>(options: ClientOptions): LakeloopClient<Database> {
  return new LakeloopClient<Database>(options);
}

/** PostgREST's quoting of a column name. */
function quoted(column: string): string {
  return /^[\w$]+$/u.test(column) ? column : `"${column.replaceAll('"', '\\"')}"`;
}
