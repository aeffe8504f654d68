import type { HistoryPage, RowChange } from '#contracts/http/history';
import type { Http } from '../http.ts';
import type { TableName } from '../tables/table-name.ts';
import { keyText, type RowKey } from './row-key.ts';

/** Which changes. */
export interface HistoryOf {
  /** Of this row alone; without it the whole table's. */
  key?: RowKey | undefined;
  /** By whom. */
  actor?: string | undefined;
  /** At this time or later; a text is ISO 8601. */
  since?: string | Date | undefined;
  /** Before this time. */
  until?: string | Date | undefined;
  /** Older than this change: `next` of a page. */
  before?: string | undefined;
  /** Changes of one request, 1 to 1,000. Default 100. */
  pageSize?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Changes of a table or of one row, newest first, as far as the caller may see the table: `for await` reads page after page as they are asked for. Throws
 * `HttpProblem`: 404 `unknown-table`, 400 for a key of other columns.
 */
export class History implements AsyncIterable<RowChange> {
  readonly #http: Http;
  readonly #table: TableName;
  readonly #of: HistoryOf;

  constructor(http: Http, table: TableName, of: HistoryOf) {
    this.#http = http;
    this.#table = table;
    this.#of = of;
  }

  /** One page; `before`: `next` of the page before. */
  page(before: string | undefined = this.#of.before): Promise<HistoryPage> {
    const { key, actor, since, until, pageSize = 100, signal } = this.#of;
    return this.#http.json(historyPath(this.#table), {
      query: {
        schema: this.#table.schema,
        key: key === undefined ? undefined : keyText(key),
        limit: pageSize,
        before,
        actor,
        since: timeText(since),
        until: timeText(until),
      },
      signal,
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RowChange> {
    for (let before = this.#of.before; ;) {
      const { changes, next } = await this.page(before);
      yield* changes;
      if (next === null) return;
      before = next;
    }
  }
}

export function historyPath({ name }: TableName, rest = ''): string {
  return `/v1/history/${encodeURIComponent(name)}${rest}`;
}

function timeText(time: string | Date | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time;
}
