import { PostgrestClient } from '@supabase/postgrest-js';
import type { FlowDescription, Flows } from '#contracts/http/flows';
import type { Trace } from '#contracts/http/trace';
import { authorization, type Token } from './event-source.ts';
import { HttpProblem } from './http-problem.ts';
import { type IdempotentOptions, idempotentFetch } from './idempotent-fetch.ts';
import { Subscription, type SubscriptionHandlers } from './subscription.ts';

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

/** Rows, changes and flows of a Lakeloop, in a browser or in Node. */
export class LakeloopClient<Database = AnyDatabase> {
  readonly #options: ClientOptions;
  /** The row API, authenticated: postgrest-js. */
  readonly rows: PostgrestClient<Database>;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.rows = this.#postgrest((input, init) => this.#fetch(input, init));
  }

  /** A table of the default schema: postgrest-js. */
  from: PostgrestClient<Database>['from'] = (...args: Parameters<PostgrestClient<Database>['from']>) => this.rows.from(...args);

  /** Another schema: postgrest-js. */
  schema: PostgrestClient<Database>['schema'] = ((...args: Parameters<PostgrestClient<Database>['schema']>) =>
    this.rows.schema(...args)) as PostgrestClient<Database>['schema'];

  /**
   * The row API for ONE write that is sent until it is answered and happens once (Idempotency-Key), in a trace of its own or the one given:
   * `client.idempotent().schema('exceptions').from('flags').insert({…}).select()`
   */
  idempotent(options: IdempotentOptions = {}): PostgrestClient<Database> {
    return this.#postgrest(idempotentFetch((input, init) => this.#fetch(input, init), options));
  }

  /** Live rows: see `Subscription`. */
  subscribe<Row = Record<string, unknown>>(to: SubscribeTo, handlers: SubscriptionHandlers<Row> = {}): Subscription<Row> {
    const { token, maxDelayMs = 5_000, silenceMs = 45_000 } = this.#options;
    const query = new URLSearchParams(typeof to.filter === 'object' ? { ...to.filter } : (to.filter ?? ''));
    if (to.select) query.set('select', to.select.map(quoted).join(','));
    const path = `/v1/changes/${encodeURIComponent(`${to.schema}.${to.table}`)}${query.size > 0 ? `?${query}` : ''}`;
    return new Subscription<Row>(
      {
        url: this.#url(path),
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
  trace(traceId: string): Promise<Trace> {
    return this.#get<Trace>(`/v1/trace/${encodeURIComponent(traceId)}`);
  }

  /** The flows that the caller may read. Throws `HttpProblem`. */
  async flows(): Promise<FlowDescription[]> {
    return (await this.#get<Flows>('/v1/flows')).flows;
  }

  async #get<T>(path: string): Promise<T> {
    const response = await this.#fetch(this.#url(path), { headers: { accept: 'application/json' } });
    if (!response.ok) throw await HttpProblem.from(response);
    return (await response.json()) as T;
  }

  async #fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(await authorization(this.#options.token))) headers.set(name, value);
    return (this.#options.fetch ?? globalThis.fetch)(input, { ...init, headers });
  }

  #postgrest(send: typeof fetch): PostgrestClient<Database> {
    return new PostgrestClient<Database>(this.#url('/rest/v1'), { fetch: send });
  }

  #url(path: string): string {
    const base = this.#options.url === '' ? globalThis.location.origin : this.#options.url;
    return `${base.replace(/\/$/, '')}${path}`;
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
