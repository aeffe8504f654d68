import type { GridRow } from './grid-row.ts';
import { PAGE, type PageRead, planRead, type Wanted } from './plan-read.ts';
import type { RowSource } from './row-source.ts';
import { SparseRows } from './sparse-rows.ts';
import { Store } from '../../live/store.ts';

/** What the grid shows of the rows, besides the rows themselves. Another object whenever anything changed. */
export interface RowsView {
  total: { rows: number; exact: boolean };
  /** The first page has arrived. */
  ready: boolean;
  loading: boolean;
  /** Why rows could not be read; `retry` tries again. */
  error: unknown;
}

/** Rows kept around where one looks. */
export const REACH = 10_000;
/** What is seen is read anew within so long, ms, or from the start. */
const RESHAPE_MS = 20_000;
/** Before anything is known there is one page. */
const NOTHING: RowsView = { total: { rows: PAGE, exact: false }, ready: false, loading: true, error: undefined };

/** A page on its way. */
interface Reading {
  read: PageRead<GridRow>;
  stop: AbortController;
}

/** The rows of a view: read where they are looked at, counted, and kept. To be shown by `useSyncExternalStore`. */
export class TableRows extends Store<RowsView> {
  #source: RowSource;
  readonly #rows = new SparseRows<GridRow>();
  #wanted: Wanted = { first: 0, last: 60 };
  #reading: Reading | undefined;
  #counting: AbortController | undefined;

  constructor(source: RowSource) {
    super(NOTHING);
    this.#source = source;
  }

  get source(): RowSource {
    return this.#source;
  }

  /** The table has other columns now: what is seen is read again as it is, and shown as it was until then. */
  async reshape(source: RowSource): Promise<void> {
    this.#source = source;
    this.publish({ error: undefined });
    await this.settle(AbortSignal.timeout(RESHAPE_MS)).catch(() => this.reload());
  }

  at(index: number): GridRow | undefined {
    return this.#rows.at(index);
  }

  get(key: string): GridRow | undefined {
    return this.#rows.get(key);
  }

  indexOf(key: string): number | undefined {
    return this.#rows.indexOf(key);
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  /** Says which rows are looked at; what is missing of them is read, one page at a time, the newest wish first. */
  want(wanted: Wanted): void {
    this.#wanted = wanted;
    const { read, stop } = this.#reading ?? {};
    if (read && stop && (read.at > wanted.last || read.at + read.limit <= wanted.first)) {
      // Nobody looks there any more.
      stop.abort();
      this.#reading = undefined;
    }
    this.#readOn();
  }

  /** Resolves once these rows are loaded, or can't be. */
  async ensure(first: number, last: number): Promise<void> {
    const missing = (): boolean => {
      for (let index = first; index <= Math.min(last, this.view().total.rows - 1); index += 1) if (!this.#rows.at(index)) return true;
      return false;
    };
    while (missing() && this.view().error === undefined) {
      const moved = new Promise<void>((resolve) => {
        const leave = this.subscribe(() => (leave(), resolve()));
      });
      this.want({ first, last });
      await moved;
    }
  }

  retry(): void {
    this.publish({ error: undefined });
    this.#readOn();
    if (!this.view().total.exact) this.count();
  }

  /** Forgets everything and begins again, where one looks. */
  reload(): void {
    this.stop();
    this.#rows.clear();
    this.publish({ loading: true, error: undefined });
    this.#readOn();
    this.count();
  }

  stop(): void {
    this.#reading?.stop.abort();
    this.#reading = undefined;
    this.#counting?.abort();
  }

  /** Counts: an estimate at once, the exact number when it comes. A count that takes too long leaves the estimate. */
  count(): void {
    this.#counting?.abort();
    const stop = new AbortController();
    this.#counting = stop;
    const took = (rows: number, exact: boolean): void => {
      if (!stop.signal.aborted) this.#setTotal({ rows, exact });
    };
    const ignore = (): void => undefined;
    const exact = this.source.count('exact', stop.signal).then((rows) => took(rows, true), ignore);
    if (this.view().total.exact) return;
    const estimated = this.source
      .count('estimated', stop.signal)
      .then((rows) => (this.view().total.exact ? undefined : took(Math.max(rows, this.#known()), false)), ignore);
    void Promise.all([exact, estimated]);
  }

  /** The row has other values now, at its place. */
  replace(row: GridRow): void {
    this.#rows.replace(row);
    this.publish({});
  }

  /** The row is gone, or no longer in the view. Whether it was shown. */
  remove(key: string): boolean {
    const removed = this.#rows.remove(key);
    if (removed) this.#setTotal({ ...this.view().total, rows: Math.max(0, this.view().total.rows - 1) });
    return removed;
  }

  /** So many rows more, or less, that are nowhere in sight. */
  grow(by: number): void {
    this.#setTotal({ ...this.view().total, rows: Math.max(this.#known(), this.view().total.rows + by) });
  }

  /** Reads again what is looked at, from its first row on, and forgets the rest: rows have come or moved, and the database knows the order. */
  async settle(signal: AbortSignal): Promise<void> {
    const { first, last } = this.#wanted;
    const start = Math.max(0, first);
    const anchor = start === 0 ? undefined : this.#rows.at(start);
    if (start > 0 && !anchor) return this.reload();
    const limit = Math.max(60, last - start + 1);
    const rows = await this.source.fromRow(anchor, limit, signal);
    this.#reading?.stop.abort();
    this.#reading = undefined;
    this.#rows.clear();
    this.#rows.put(start, rows);
    this.publish(rows.length < limit ? { total: { rows: start + rows.length, exact: true } } : {});
    this.#readOn();
  }

  publish(change: Partial<RowsView>): void {
    this.show({ ...this.view(), ...change });
  }

  #setTotal(total: RowsView['total']): void {
    this.publish({ total });
    this.#readOn();
  }

  #known(): number {
    const last = this.#rows.segments.at(-1);
    return last ? last.start + last.rows.length : 0;
  }

  #readOn(): void {
    if (this.view().error !== undefined || this.#reading) return;
    const read = planRead(this.#rows.segments, this.view().total, this.#wanted);
    if (!read) {
      if (this.view().loading) this.publish({ loading: false });
      return;
    }
    const reading: Reading = { read, stop: new AbortController() };
    this.#reading = reading;
    if (!this.view().loading) this.publish({ loading: true });
    void this.source.page(read, reading.stop.signal).then(
      (rows) => this.#took(reading, rows),
      (error: unknown) => this.#failed(reading, error),
    );
  }

  #took(reading: Reading, rows: readonly GridRow[]): void {
    if (reading !== this.#reading) return;
    this.#reading = undefined;
    const { at, limit, from } = reading.read;
    const forwards = 'after' in from || ('end' in from && from.end === 'start');
    const full = rows.length === limit;
    if (full) this.#rows.put(at, rows);
    const found = full ? {} : this.#putShort(forwards ? at : 0, rows, forwards);
    if (this.#rows.size > 2 * REACH) this.#rows.keepNear(this.#wanted.first, REACH);
    this.publish({ ready: true, ...found });
    this.#readOn();
  }

  /** Fewer rows than were asked for: an end of the table is where it was not thought to be. */
  #putShort(at: number, rows: readonly GridRow[], forwards: boolean): Partial<RowsView> {
    const beyond = this.#rows.segments.filter(({ start }) => start >= at + rows.length).length > 0;
    if (!forwards || beyond) this.#rows.clear();
    this.#rows.put(at, rows);
    if (!forwards) return {};
    // Nothing there: the total was too large, by how much will be counted.
    const end = rows.length === 0 && at > 0 ? Math.max(this.#known(), 0) : at + rows.length;
    return { total: { rows: end, exact: rows.length > 0 || at === 0 || end === at } };
  }

  #failed(reading: Reading, error: unknown): void {
    if (reading !== this.#reading) return;
    this.#reading = undefined;
    this.publish({ error, loading: false });
  }
}
