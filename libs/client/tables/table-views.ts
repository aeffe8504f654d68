import type { SavedView, SavedViews, TableView } from '#contracts/http/table-views';
import type { Call, Http, Reading } from '../http.ts';
import { type TableName, tablePath } from './table-name.ts';

type AsGiven<T> = { readonly [K in keyof T]: AsGiven<T[K]> };

/** A view that is to be kept. */
export interface NewView {
  name: string;
  /** With everybody who may read the table, and the columns of its filters and order. Default: no. */
  shared?: boolean;
  view: AsGiven<TableView>;
}

/** Views of one table: one's own and shared ones. They give no rights. Every method throws `HttpProblem`: 404 for a view that is gone or somebody else's, 409 for a name that is taken. */
export class TableViews {
  readonly #http: Http;
  readonly #table: TableName;

  constructor(http: Http, table: TableName) {
    this.#http = http;
    this.#table = table;
  }

  /** One's own and shared ones, by name, and which of them one sees first. */
  async list({ signal }: Reading = {}): Promise<SavedViews> {
    return this.#call([], { signal });
  }

  async keep(view: NewView): Promise<SavedView> {
    return this.#call([], { method: 'POST', body: view });
  }

  /** Its owner alone may. */
  async change(id: string, change: Partial<NewView>): Promise<SavedView> {
    return this.#call([id], { method: 'PATCH', body: change });
  }

  /** Its owner alone may. */
  async delete(id: string): Promise<void> {
    await this.#http.send(tablePath(this.#table, 'views', id), { method: 'DELETE', query: this.#query });
  }

  /** What the caller sees where an address names no view; null: all rows. */
  async setDefault(id: string | null): Promise<void> {
    await this.#http.send(tablePath(this.#table, 'views', 'default'), { method: 'PUT', query: this.#query, body: { view: id } });
  }

  #call<T>(below: readonly string[], call: Call): Promise<T> {
    return this.#http.json<T>(tablePath(this.#table, 'views', ...below), { ...call, query: this.#query });
  }

  get #query(): { schema: string | undefined } {
    return { schema: this.#table.schema };
  }
}
