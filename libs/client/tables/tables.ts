import type { EditList, EditProgress, EditReport, TableDescription, TableList } from '#contracts/http/tables';
import { pause } from '../backoff.ts';
import type { Http, Reading } from '../http.ts';
import { writeHeaders, type WriteOptions } from '../write-options.ts';
import { callOf, type NewTable, type TableEdit } from './table-edit.ts';
import { type TableName, tablePath } from './table-name.ts';
import { TableViews } from './table-views.ts';

export interface EditOptions extends WriteOptions {
  /** Say what would be done, and which rows it would lose or break; do nothing. */
  dryRun?: boolean;
}

/**
 * Tables that users make and edit (docs/tables.md). Every method throws `HttpProblem`: 403 who may not, 404 `unknown-table`, 409 `rows-in-the-way` with the rows
 * (`problem.losses`), 409 `edit-in-progress`, 501 where no tables are edited. An edit is sent once: after a broken connection `edits` tells whether it went through.
 */
export class Tables {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The tables that the caller may read or edit, and the schemas in which it may make some. */
  list({ signal }: Reading = {}): Promise<TableList> {
    return this.#http.json('/v1/tables', { signal });
  }

  /** Columns with their types and validation, key, and what the caller may do. */
  describe(table: TableName, { signal }: Reading = {}): Promise<TableDescription> {
    return this.#http.json(tablePath(table), { query: { schema: table.schema }, signal });
  }

  /** Makes a table: `table` of the report is its description. 409 where there is one of this name. */
  create({ schema, ...table }: NewTable, options: EditOptions = {}): Promise<EditReport> {
    return this.#edit({ method: 'POST', path: '/v1/tables', body: table }, schema, options);
  }

  /** Edits a table. Of a large one the report may have `applied: false` and `inSteps: true`: it has only begun, and `follow(table, report.edit)` tells how it goes. */
  edit(table: TableName, edit: TableEdit, options: EditOptions = {}): Promise<EditReport> {
    return this.#edit(callOf(table, edit), table.schema, options);
  }

  /** What an edit would do: its SQL, the rows that it would lose or break with examples, whether it can be taken back, and whom it would hold up. */
  dryRun(table: TableName, edit: TableEdit, { signal }: Reading = {}): Promise<EditReport> {
    return this.edit(table, edit, { dryRun: true, signal });
  }

  /** Takes a table that SQL made under audit, and into the change stream. */
  adopt(table: TableName, options: EditOptions = {}): Promise<EditReport> {
    return this.edit(table, { op: 'adopt' }, options);
  }

  /** Out of the row API, with its rows, grants and history kept. */
  archive(table: TableName, options: EditOptions = {}): Promise<EditReport> {
    return this.edit(table, { op: 'archive' }, options);
  }

  /** Back from the archive. */
  restore(table: TableName, options: EditOptions = {}): Promise<EditReport> {
    return this.edit(table, { op: 'restore' }, options);
  }

  /** The edits that went through, newest first, and the newest that goes in steps. */
  edits(table: TableName, { signal }: Reading = {}): Promise<EditList> {
    return this.#http.json(tablePath(table, 'edits'), { query: { schema: table.schema }, signal });
  }

  /** How far an edit is, or how it ended. */
  progress(table: TableName, edit: string, { signal }: Reading = {}): Promise<EditProgress> {
    return this.#http.json(tablePath(table, 'edits', edit), { query: { schema: table.schema }, signal });
  }

  /**
   * An edit in steps until it has ended: how far it is, each `everyMs` (1,000), the last one with `state` applied, failed (`failure` says why, and which rows
   * stand in the way; the table is as it was) or cancelled. Ends early when `signal` aborts.
   */
  async *follow(
    table: TableName,
    edit: string,
    { everyMs = 1_000, signal = new AbortController().signal }: Reading & { everyMs?: number } = {},
  ): AsyncGenerator<EditProgress> {
    for (;;) {
      const progress = await this.progress(table, edit, { signal });
      yield progress;
      if (progress.state !== 'running') return;
      await pause(everyMs, signal);
      if (signal.aborted) return;
    }
  }

  /** Ends an edit in steps; the table stays as it was. It is `running` until what it made is taken away. */
  cancel(table: TableName, edit: string, options: WriteOptions = {}): Promise<EditProgress> {
    const { signal } = options;
    return this.#http.json(tablePath(table, 'edits', edit, 'cancel'), {
      method: 'POST',
      query: { schema: table.schema },
      headers: writeHeaders(options),
      signal,
    });
  }

  /** Views of a table that are kept under a name. */
  views(table: TableName): TableViews {
    return new TableViews(this.#http, table);
  }

  #edit({ path, ...call }: ReturnType<typeof callOf>, schema: string | undefined, { dryRun, ...options }: EditOptions): Promise<EditReport> {
    const query = { schema, dryRun: dryRun === true ? true : undefined };
    return this.#http.json(path, { ...call, query, headers: writeHeaders(options), signal: options.signal });
  }
}
