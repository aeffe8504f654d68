import { changedColumns, type GridRow, type Values } from './grid-row.ts';
import type { Touched } from './live-changes.ts';
import type { TableRows } from './table-rows.ts';
import { Store } from '../../live/store.ts';

/** Somebody else changed cells of a row, while this page looked. */
export interface Flash {
  /** The whole row is new when there are none. */
  columns: ReadonlySet<string>;
  who: string | undefined;
  /** ms since the epoch. */
  at: number;
}

export interface LiveRowsView {
  /** By row key. */
  flashes: ReadonlyMap<string, Flash>;
  /** Rows that are new in the view, and out of sight. */
  elsewhere: readonly GridRow[];
}

/** So many rows at once are not looked at one by one: what is seen is read again. */
const MANY = 300;
/** As long as the animation in grid.css, ms. */
const FLASH_MS = 4_000;

/** Brings what others do into the rows that are shown. What this page wrote itself it knows already. */
export class LiveRows extends Store<LiveRowsView> {
  readonly #rows: TableRows;
  /** Traces of this page's own writes. */
  readonly #own: ReadonlySet<string>;
  #stop = new AbortController();
  /** One batch after another: rows are told in the order in which they changed. */
  #work: Promise<void> = Promise.resolve();

  constructor(rows: TableRows, own: ReadonlySet<string>) {
    super({ flashes: new Map(), elsewhere: [] });
    this.#rows = rows;
    this.#own = own;
  }

  readonly touched = (changes: readonly Touched[]): void => {
    const others = changes.filter(({ traceId }) => traceId === undefined || !this.#own.has(traceId));
    if (others.length === 0) return;
    const { signal } = this.#stop;
    // What can't be read now is read when somebody looks: the store tells the error then.
    this.#work = this.#work.then(() => this.#take(others, signal)).catch(() => (signal.aborted ? undefined : this.#rows.reload()));
  };

  stop(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  /** The new rows have been seen. */
  forgetElsewhere(): void {
    this.#publish({ elsewhere: [] });
  }

  /** Rows that this page has added are shown where the order puts them. */
  settle(): Promise<void> {
    return this.#rows.settle(this.#stop.signal);
  }

  async #take(changes: readonly Touched[], signal: AbortSignal): Promise<void> {
    if (changes.length > MANY || changes.some(({ op, key }) => op === 't' || key === undefined)) {
      await this.#rows.settle(signal);
      this.#rows.count();
      return;
    }
    const last = new Map(changes.map((change) => [this.#rows.source.keyTextOf(change.key ?? {}), change]));
    const deleted = [...last].filter(([, { op }]) => op === 'd');
    const written = [...last].filter(([, { op }]) => op !== 'd');
    for (const [key] of deleted) this.#leave(key);
    const now = await this.#rows.source.byKeys(
      written.map(([, { key }]) => key as Values),
      signal,
    );
    const there = new Set(now.map(({ key }) => key));
    for (const [key] of written) if (!there.has(key)) this.#rows.remove(key);
    const placed = now.filter((row) => this.#update(row, last.get(row.key)?.actor));
    if (placed.length > 0) await this.#place(placed, last, signal);
  }

  #leave(key: string): void {
    this.#publish({ elsewhere: this.view().elsewhere.filter((row) => row.key !== key) });
    // A row that was never seen may have been in the view: without a filter it was.
    if (!this.#rows.remove(key) && this.#rows.source.query.conditions.length === 0) this.#rows.grow(-1);
  }

  /** Shows a row's new values where it stands; true when it has to be given a place. */
  #update(row: GridRow, who: string | undefined): boolean {
    const before = this.#rows.get(row.key);
    if (!before) return true;
    const changed = changedColumns(before.values, row.values, this.#rows.source.query.columns);
    if (changed.length === 0) return false;
    this.#rows.replace(row);
    this.#flash([[row.key, { columns: new Set(changed), who, at: Date.now() }]]);
    return this.#rows.source.query.order.some(({ column }) => changed.includes(column));
  }

  async #place(placed: readonly GridRow[], changes: ReadonlyMap<string, Touched>, signal: AbortSignal): Promise<void> {
    const added = placed.filter(({ key }) => changes.get(key)?.op === 'c');
    const moved = new Set(placed.filter(({ key }) => this.#rows.get(key)).map(({ key }) => key));
    const count = this.#rows.view().total;
    await this.#rows.settle(signal);
    if (added.length > 0 && this.#rows.view().total === count) this.#rows.grow(added.length);
    const shown = placed.filter(({ key }) => this.#rows.get(key));
    this.#flash(shown.filter(({ key }) => !moved.has(key)).map(({ key }) => [key, { columns: new Set(), who: changes.get(key)?.actor, at: Date.now() }]));
    const hidden = added.filter(({ key }) => !this.#rows.get(key));
    if (hidden.length > 0) this.#publish({ elsewhere: [...this.view().elsewhere, ...hidden] });
  }

  #flash(flashes: readonly (readonly [string, Flash])[]): void {
    if (flashes.length === 0) return;
    this.#publish({ flashes: new Map([...this.view().flashes, ...flashes]) });
    setTimeout(() => {
      const recent = [...this.view().flashes].filter(([, { at }]) => at > Date.now() - FLASH_MS);
      if (recent.length < this.view().flashes.size) this.#publish({ flashes: new Map(recent) });
    }, FLASH_MS + 50);
  }

  #publish(change: Partial<LiveRowsView>): void {
    this.show({ ...this.view(), ...change });
  }
}
