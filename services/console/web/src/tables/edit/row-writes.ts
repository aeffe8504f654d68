import { ApiError } from '../../api/api-error.ts';
import { type Intent, newIntent, writeHeaders } from '../../api/rows.ts';
import { readJson, request } from '../../api/request.ts';
import type { CellValue, GridColumn } from '../columns/grid-column.ts';
import { plainCell } from '../columns/show-cell.ts';
import { rowJson } from '../columns/row-json.ts';
import { type GridRow, keyOf, sameValue, type Values } from '../rows/grid-row.ts';
import type { VersionedRow } from '../rows/row-source.ts';
import type { TableRows } from '../rows/table-rows.ts';
import { MOST_BATCH_REQUESTS } from '#contracts/http/batch';
import { type RowChange, TableBatch } from './batch.ts';
import { importRows } from '../paste/import-rows.ts';
import { refusalWords } from './refusal-words.ts';
import { type OwnWrite, undoWrite } from './undo-last.ts';
import { Store } from '../../live/store.ts';

/** What stands at a cell that was written, until it is settled. */
export type CellState =
  | { kind: 'sending'; mine: CellValue }
  | { kind: 'refused'; mine: CellValue; words: string }
  /** Somebody changed the cell meanwhile. */
  | { kind: 'conflict'; mine: CellValue; theirs: CellValue; row: GridRow };

/** Another version than was seen is written over so often, where the cell itself is the same. */
const ATTEMPTS = 5;

/** An edit of one cell. */
export interface CellEdit {
  row: GridRow;
  column: GridColumn;
  value: CellValue;
  /** What the cell was when the edit began. */
  base: CellValue;
}

/** Writes of this page to a table's rows, and what became of them, by `cellId`. */
export class RowWrites extends Store<ReadonlyMap<string, CellState>> {
  /** Traces of what was written here: the stream's echo of it is no news. */
  readonly own = new Set<string>();
  readonly #rows: TableRows;
  readonly #onLost: LostEdit;
  #batch: TableBatch;
  /** Names of columns that have others now. */
  #renamed: ReadonlyMap<string, string> = new Map();
  readonly #queues = new Map<string, Promise<void>>();
  readonly #undoable: OwnWrite[] = [];

  constructor(rows: TableRows, onLost: LostEdit) {
    super(new Map());
    this.#rows = rows;
    this.#onLost = onLost;
    this.#batch = new TableBatch(rows.source);
  }

  get columns(): ReadonlyMap<string, GridColumn> {
    return this.#batch.columns;
  }

  /** The table has other columns now: what stands at cells goes with its column to a new name, or is told to be lost. */
  reshape(renamed: ReadonlyMap<string, string>): void {
    const before = this.columns;
    this.#batch = new TableBatch(this.#rows.source);
    this.#renamed = new Map([...this.#renamed, ...renamed]);
    const cells = new Map<string, CellState>();
    for (const [id, state] of this.view()) {
      const { rowKey, column } = cellOf(id);
      const name = renamed.get(column) ?? column;
      if (this.columns.has(name)) cells.set(cellId(rowKey, name), state);
      // What is under way is told to be lost when it is refused.
      else if (state.kind !== 'sending') this.#onLost(before.get(column)?.title ?? column, state.mine);
    }
    this.show(cells);
  }

  /** Writes one cell, behind what is under way for its row. What becomes of it stands at the cell. */
  commit(edit: CellEdit): void {
    if (sameValue(edit.base, edit.value)) return this.dismiss(edit.row, edit.column);
    this.#set(edit, { kind: 'sending', mine: edit.value });
    const before = this.#queues.get(edit.row.key) ?? Promise.resolve();
    const work = before.then(() => this.#write(edit)).catch((error: unknown) => this.#refuse(edit, error));
    this.#queues.set(edit.row.key, work);
    void work.then(() => (this.#queues.get(edit.row.key) === work ? this.#queues.delete(edit.row.key) : undefined));
  }

  /** Mine over theirs. */
  insist(row: GridRow, column: GridColumn): void {
    const state = this.view().get(cellId(row.key, column.name));
    if (state?.kind === 'conflict') this.commit({ row: state.row, column, value: state.mine, base: state.theirs });
  }

  /** Takes away what stands at a cell: theirs stays. */
  dismiss(row: GridRow, column: GridColumn): void {
    this.#set({ row, column }, undefined);
  }

  refuse(row: GridRow, column: GridColumn, mine: CellValue, words: string): void {
    this.#set({ row, column }, { kind: 'refused', mine, words });
  }

  /** Many cells and new rows in one transaction: all or nothing. Gives back the new rows. Throws `ApiError`, with the place of a change that was refused. */
  async writeMany(changes: readonly RowChange[], inserts: readonly Values[]): Promise<GridRow[]> {
    const intent = this.#intent();
    const inserted = await this.#batch.write(changes, inserts, intent.traceparent);
    const count = changes.length + inserted.length;
    this.#remember([...changes.map(({ row }) => row), ...inserted], intent, `${count.toLocaleString()} ${count === 1 ? 'row' : 'rows'} written`);
    return inserted;
  }

  /** More new rows than a batch should hold, as an import: all or nothing, and `onProgress` is told how much is done, 0 to 1. Throws `ApiError`. */
  async importMany(rows: readonly Values[], onProgress: (share: number) => void): Promise<void> {
    const { schema, table } = this.#rows.source.query;
    let trace = '';
    const onTrace = (traceId: string): void => void this.own.add((trace = traceId));
    await importRows({ schema, table, columns: this.columns, rows, onTrace, onProgress });
    this.#undoable.push({ traceId: trace, key: undefined, what: `${rows.length.toLocaleString()} rows written` });
    this.#rows.reload();
  }

  /** Deletes rows, all or none. Throws `ApiError`. */
  async deleteRows(rows: readonly GridRow[]): Promise<void> {
    if (rows.length > MOST_BATCH_REQUESTS) throw new ApiError(422, `At most ${MOST_BATCH_REQUESTS} rows can be deleted at once.`);
    const intent = this.#intent();
    await this.#batch.delete(rows, intent.traceparent);
    for (const { key } of rows) this.#rows.remove(key);
    this.#remember(rows, intent, `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} deleted`);
  }

  /** Takes back the last write of this page; what it was, or undefined when there is none. Throws `ApiError`, and keeps the write for another attempt. */
  async undo(): Promise<string | undefined> {
    const last = this.#undoable.pop();
    if (!last) return undefined;
    try {
      await undoWrite(this.#rows.source.query, last);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) this.#undoable.push(last);
      throw error;
    }
    return last.what;
  }

  async #write({ row, column, value, base }: CellEdit): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const now = await this.#rows.source.versioned(row);
      if (!now) throw new ApiError(412, 'The row was deleted meanwhile, or you may no longer see it.');
      const theirs = now.row.values[column.name] ?? null;
      if (!isAsSeen(theirs, base)) {
        this.#rows.replace(now.row);
        if (sameValue(theirs, value)) return this.dismiss(row, column);
        return this.#set({ row, column }, { kind: 'conflict', mine: value, theirs, row: now.row });
      }
      try {
        return await this.#patch(now, column, value);
      } catch (error) {
        // Somebody changed another cell of the row in between.
        if (!(error instanceof ApiError) || error.status !== 412 || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  async #patch({ row, etag }: VersionedRow, column: GridColumn, value: CellValue): Promise<void> {
    const { source } = this.#rows;
    const intent = this.#intent();
    const where = source.keyParameters(row);
    where.set('select', source.select);
    const response = await request(`${source.url}?${where}`, {
      method: 'PATCH',
      headers: { ...writeHeaders(source.query.schema, intent), ...(etag === '' ? {} : { 'if-match': etag }) },
      body: rowJson(this.columns, { [column.name]: value }),
    });
    const [values] = await readJson<Values[]>(response);
    if (!values) throw new ApiError(403, 'The row is gone, or you may not change it.');
    this.#rows.replace(source.rowOf(values));
    this.#remember([row], intent, `${column.title} changed`);
    this.dismiss(row, column);
  }

  #refuse({ row, column, value, base }: CellEdit, error: unknown): void {
    if (!this.columns.has(column.name)) {
      const now = this.columns.get(this.#renamed.get(column.name) ?? '');
      return now ? this.commit({ row, column: now, value, base }) : this.#onLost(column.title, value);
    }
    this.#set({ row, column }, { kind: 'refused', mine: value, words: refusalWords(error, this.columns, column) });
  }

  #intent(): Intent {
    const intent = newIntent();
    this.own.add(intent.traceparent.split('-')[1] ?? '');
    return intent;
  }

  #remember([row]: readonly GridRow[], { traceparent }: Intent, what: string): void {
    if (row) this.#undoable.push({ traceId: traceparent.split('-')[1] ?? '', key: keyOf(this.#rows.source.query.key, row), what });
  }

  #set({ row, column }: Pick<CellEdit, 'row' | 'column'>, state: CellState | undefined): void {
    const cells = new Map(this.view());
    if (state) cells.set(cellId(row.key, column.name), state);
    else if (!cells.delete(cellId(row.key, column.name))) return;
    this.show(cells);
  }
}

/** Told of an edit whose column is gone: its title, and what was to be written. */
export type LostEdit = (title: string, mine: CellValue) => void;

/** A row's key is JSON, which has no line break of its own. */
export function cellId(rowKey: string, column: string): string {
  return `${rowKey}\n${column}`;
}

/** A column of another type since spells the same value otherwise. */
function isAsSeen(now: CellValue, base: CellValue): boolean {
  return sameValue(now, base) || (now !== null && base !== null && plainCell(now) === plainCell(base));
}

function cellOf(id: string): { rowKey: string; column: string } {
  const end = id.indexOf('\n');
  return { rowKey: id.slice(0, end), column: id.slice(end + 1) };
}
