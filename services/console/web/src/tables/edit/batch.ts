import type { BatchAnswers } from '#contracts/http/batch';
import { readJson, request } from '../../api/request.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { rowJson } from '../columns/row-json.ts';
import { type GridRow, keyOf, type Values } from '../rows/grid-row.ts';
import type { RowSource } from '../rows/row-source.ts';
import { nameOf } from '../view/postgrest.ts';

/** Cells of one row that shall have other values. */
export interface RowChange {
  row: GridRow;
  values: Values;
}

/** Requests of `POST /v1/batch`, made for one table. */
export class TableBatch {
  readonly columns: ReadonlyMap<string, GridColumn>;
  readonly #source: RowSource;

  constructor(source: RowSource) {
    this.#source = source;
    this.columns = new Map(source.query.columns.map((column) => [column.name, column]));
  }

  /**
   * Changes and adds rows in one transaction: all or nothing; gives back those that were added. A row is only changed where the cells still are what they were seen
   * as: else the batch is refused with the place of that change (412). Throws `ApiError`.
   */
  async write(changes: readonly RowChange[], inserts: readonly Values[], traceparent: string): Promise<GridRow[]> {
    const requests = [...(changes.length > 0 ? [this.#changes(changes)] : []), ...(inserts.length > 0 ? [this.#insert(inserts)] : [])];
    const answers = await this.#send(requests, traceparent);
    return inserts.length === 0 ? [] : ((answers.at(-1)?.body ?? []) as Values[]).map((values) => this.#source.rowOf(values));
  }

  /** Deletes these rows, all or none. Throws `ApiError`. */
  async delete(rows: readonly GridRow[], traceparent: string): Promise<void> {
    const requests = rows.map((row) => this.#request('DELETE', `${this.#source.keyParameters(row)}&select=${this.#key()}`, { one: true }));
    await this.#send(requests, traceparent);
  }

  #changes(changes: readonly RowChange[]): string {
    const { table, schema, key } = this.#source.query;
    const each = changes.map(({ row, values }) => {
      const was = Object.fromEntries(Object.keys(values).flatMap((name) => (this.#isComparable(name) ? [[name, row.values[name] ?? null]] : [])));
      return `{"key":${rowJson(this.columns, keyOf(key, row))},"was":${rowJson(this.columns, was)},"set":${rowJson(this.columns, values)}}`;
    });
    return `${JSON.stringify({ method: 'PATCH', path: encodeURIComponent(table), schema }).slice(0, -1)},"changes":[${each.join(',')}]}`;
  }

  #insert(rows: readonly Values[]): string {
    const named = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const columns = named.length === 0 ? '' : `&${new URLSearchParams({ columns: named.map(nameOf).join(',') })}`;
    // What a row leaves out gets the column's default, not null.
    const prefer = 'return=representation,missing=default';
    return this.#request('POST', `${this.#selected()}${columns}`, { prefer, body: `[${rows.map((row) => rowJson(this.columns, row)).join(',')}]` });
  }

  /** Whether it can be told that the cell is what was seen. */
  #isComparable(name: string): boolean {
    const column = this.columns.get(name);
    return column !== undefined && column.valueKind !== 'other' && column.sqlType !== 'json';
  }

  #request(method: string, query: string, { one = false, prefer = 'return=representation', body }: { one?: boolean; prefer?: string; body?: string }): string {
    const { table, schema } = this.#source.query;
    const headers = { prefer, ...(one ? { accept: 'application/vnd.pgrst.object+json' } : {}) };
    const said = JSON.stringify({ method, path: `${encodeURIComponent(table)}?${query}`, schema, headers });
    return body === undefined ? said : `${said.slice(0, -1)},"body":${body}}`;
  }

  async #send(requests: readonly string[], traceparent: string): Promise<BatchAnswers['answers']> {
    const response = await request('/v1/batch', {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: `{"requests":[${requests.join(',')}]}`,
    });
    return (await readJson<BatchAnswers>(response)).answers;
  }

  #selected(): string {
    return new URLSearchParams({ select: this.#source.select }).toString();
  }

  #key(): string {
    return encodeURIComponent(this.#source.query.key.map(nameOf).join(','));
  }
}
