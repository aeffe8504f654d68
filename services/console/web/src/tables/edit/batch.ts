import { readJson, request } from '../../api/request.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { rowJson } from '../columns/row-json.ts';
import { plainCell } from '../columns/show-cell.ts';
import { type GridRow, keyOf, type Values } from '../rows/grid-row.ts';
import type { RowSource } from '../rows/row-source.ts';
import { arrayLiteral, nameOf } from '../view/postgrest.ts';

/** Cells of one row that shall have other values. */
export interface RowChange {
  row: GridRow;
  values: Values;
}

/** Requests that one batch takes. */
export const MOST_REQUESTS = 1_000;

/** What a batch changed. */
export interface BatchOutcome {
  changed: GridRow[];
  inserted: GridRow[];
}

/** Requests of `POST /v1/batch`, made for one table. */
export class TableBatch {
  readonly #source: RowSource;
  readonly #columns: ReadonlyMap<string, GridColumn>;

  constructor(source: RowSource) {
    this.#source = source;
    this.#columns = new Map(source.query.columns.map((column) => [column.name, column]));
  }

  /**
   * Changes and adds rows in one transaction: all or nothing. A row is only changed where the cells still are what they were seen as: else the batch is refused
   * with that row's index (406). Throws `ApiError`.
   */
  async write(changes: readonly RowChange[], inserts: readonly Values[], traceparent: string): Promise<BatchOutcome> {
    const requests = [...changes.map((change) => this.#change(change)), ...(inserts.length > 0 ? [this.#insert(inserts)] : [])];
    const answers = await this.#send(requests, traceparent);
    return {
      changed: answers.slice(0, changes.length).map(({ body }) => this.#source.rowOf(body as Values)),
      inserted: inserts.length === 0 ? [] : ((answers.at(-1)?.body ?? []) as Values[]).map((values) => this.#source.rowOf(values)),
    };
  }

  /** Deletes these rows, all or none. Throws `ApiError`. */
  async delete(rows: readonly GridRow[], traceparent: string): Promise<void> {
    const requests = rows.map((row) => this.#request('DELETE', `${this.#source.keyParameters(row)}&select=${this.#key()}`, { one: true }));
    await this.#send(requests, traceparent);
  }

  #change({ row, values }: RowChange): string {
    const where = this.#source.keyParameters(row);
    for (const name of Object.keys(values)) {
      const guard = this.#guard(name, row);
      if (guard !== undefined) where.append(nameOf(name), guard);
    }
    return this.#request('PATCH', `${where}&${this.#selected()}`, { one: true, body: rowJson(this.#columns, values) });
  }

  #insert(rows: readonly Values[]): string {
    const named = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const columns = named.length === 0 ? '' : `&${new URLSearchParams({ columns: named.map(nameOf).join(',') })}`;
    // What a row leaves out gets the column's default, not null.
    const prefer = 'return=representation,missing=default';
    return this.#request('POST', `${this.#selected()}${columns}`, { prefer, body: `[${rows.map((row) => rowJson(this.#columns, row)).join(',')}]` });
  }

  /** The cell is what was seen; undefined where its type can't be compared. */
  #guard(name: string, row: GridRow): string | undefined {
    const column = this.#columns.get(name);
    const value = row.values[name];
    if (value === null || value === undefined) return 'is.null';
    if (!column || column.valueKind === 'other' || column.sqlType === 'json') return undefined;
    return `eq.${Array.isArray(value) ? arrayLiteral(value) : plainCell(value)}`;
  }

  #request(method: string, query: string, { one = false, prefer = 'return=representation', body }: { one?: boolean; prefer?: string; body?: string }): string {
    const { table, schema } = this.#source.query;
    const headers = { prefer, ...(one ? { accept: 'application/vnd.pgrst.object+json' } : {}) };
    const said = JSON.stringify({ method, path: `${encodeURIComponent(table)}?${query}`, schema, headers });
    return body === undefined ? said : `${said.slice(0, -1)},"body":${body}}`;
  }

  async #send(requests: readonly string[], traceparent: string): Promise<{ body: unknown }[]> {
    const answers: { body: unknown }[] = [];
    const response = await request('/v1/batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: `{"requests":[${requests.join(',')}]}`,
    });
    answers.push(...(await readJson<{ answers: { body: unknown }[] }>(response)).answers);
    return answers;
  }

  #selected(): string {
    return new URLSearchParams({ select: this.#source.select }).toString();
  }

  #key(): string {
    return encodeURIComponent(this.#source.query.key.map(nameOf).join(','));
  }
}

/** The key of a row as JSON, as `/v1/history` takes it. */
export function keyJson(source: RowSource, row: GridRow): string {
  return JSON.stringify(keyOf(source.query.key, row), (_name, value: unknown) => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value));
}
