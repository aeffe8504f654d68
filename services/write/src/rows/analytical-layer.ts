import type { Catalogue } from '../catalogue/catalogue.ts';
import type { ParsedRequest } from './compile-request.ts';
import type { Embed } from './query/row-query.ts';
import type { QueryTrace } from './query-trace.ts';
import type { RowAnswer, RowRequest } from './row-request.ts';
import type { Caller } from './caller.ts';

/** A read of one table of the lakehouse. */
export interface AnalyticalRead {
  schema: string;
  table: string;
  request: RowRequest;
  parsed: ParsedRequest;
  caller: Caller;
  catalogue: Catalogue;
  trace: QueryTrace;
}

/** What a page of rows asks of one related table. */
export interface AnalyticalEmbed {
  embed: Embed;
  /** The table that the page is of. */
  of: { schema: string; table: string };
  request: RowRequest;
  caller: Caller;
  catalogue: Catalogue;
  trace: QueryTrace;
}

/** How related rows are found and shown. */
export interface Relationship {
  /** Column of the page's table whose text is looked for. */
  column: string;
  /** One object or null, instead of a list. */
  toOne: boolean;
  /** Rows as JSON text, by the key's text; a key without rows is absent. At most one query, whatever the number of keys. */
  rows: (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
}

/**
 * The other home of tables: rows asks it for names that PostgreSQL does not have. Every refusal is an `ApiError`. Nothing of it exists where no lakehouse
 * is set.
 */
export abstract class AnalyticalLayer {
  /** Whether the lakehouse has this table. A lakehouse that is down is a refusal (503). */
  abstract has(schema: string, table: string): Promise<boolean>;
  /** Reads rows as `parsed` says, under the policy in force. Long answers are streams; nothing buffers a whole one. */
  abstract read(read: AnalyticalRead): Promise<RowAnswer>;
  /** The relationship that leads from the page's table to the embedded one: 400 PGRST200 without one, 300 PGRST201 when the request fits several. */
  abstract relate(embed: AnalyticalEmbed): Promise<Relationship>;
}
