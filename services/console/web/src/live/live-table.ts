import { createClient, HttpProblem, type RowChange, type Subscription } from '#libs/client/client';
import type { Row } from '../api/rows.ts';
import type { ConnectionView } from './connection.ts';
import { Store } from './store.ts';

export interface LiveTableView<T> extends ConnectionView {
  /** By key, as the stream has them. The same map until something changes. */
  rows: ReadonlyMap<string, T>;
  /** The first snapshot has arrived. */
  ready: boolean;
}

/** A change that happened while this page looked. */
export interface Seen<T> {
  op: RowChange<Row>['op'];
  key: string;
  after: T | undefined;
  before: T | undefined;
  /** Who wrote it; undefined where the stream doesn't tell. */
  actor: string | undefined;
}

export interface LiveTableOptions<T> {
  schema: string;
  table: string;
  /** PostgREST filters by column. */
  filter?: Readonly<Record<string, string>>;
  keyOf: (row: T) => string;
  read: (row: Row) => T;
}

/** Changes are gathered for so long before the page is drawn, ms. */
const GATHER_MS = 30;

/** The rows of one table, live: to be shown by `useLiveTable`. */
export class LiveTable<T> extends Store<LiveTableView<T>> {
  readonly #options: LiveTableOptions<T>;
  readonly #watchers = new Set<(changes: readonly Seen<T>[]) => void>();
  /** Rows as read, by the subscription's key. */
  #read = new Map<string, T>();
  #seen: Seen<T>[] = [];
  #subscription: Subscription<Row> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveTableOptions<T>) {
    super({ rows: new Map(), ready: false, connection: 'connecting', problem: undefined });
    this.#options = options;
  }

  /** Told of changes, in batches, after `view` shows them. */
  readonly watch = (watcher: (changes: readonly Seen<T>[]) => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Begins to follow. What the last stream showed stays until the new one has its snapshot. */
  start(): void {
    this.stop();
    const { schema, table, filter } = this.#options;
    const stop = new AbortController();
    const subscription: Subscription<Row> = createClient({ url: '' }).subscribe<Row>(
      { schema, table, ...(filter ? { filter } : {}) },
      {
        onSnapshot: (rows) => {
          this.#read = new Map([...rows.values()].map((row) => this.#entry(row)));
          this.#publish({ ready: true, problem: undefined });
        },
        onChange: (change) => this.#onChange(change),
        onStatus: (status) => {
          if (status !== 'closed') this.#publish({ connection: status });
          else if (!stop.signal.aborted) this.#publish({ connection: 'refused' });
        },
        onError: (error) => this.#publish({ problem: error instanceof HttpProblem ? error.message : undefined }),
      },
    );
    this.#subscription = subscription;
    this.#stop = stop;
    this.#publish({ connection: 'connecting' });
  }
  #stop: AbortController | undefined;

  stop(): void {
    this.#stop?.abort();
    this.#subscription?.close();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #entry(row: Row): [string, T] {
    const read = this.#options.read(row);
    return [this.#options.keyOf(read), read];
  }

  #onChange({ op, before, after, actor }: RowChange<Row>): void {
    const old = before === undefined ? undefined : this.#options.read(before);
    const now = after === null ? undefined : this.#options.read(after);
    if (op === 't') this.#read.clear();
    else if (now !== undefined) this.#read.set(this.#options.keyOf(now), now);
    else if (old !== undefined) this.#read.delete(this.#options.keyOf(old));
    const told = now ?? old;
    this.#seen.push({ op, key: told === undefined ? '' : this.#options.keyOf(told), after: now, before: old, actor });
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const seen = this.#seen;
      this.#seen = [];
      this.#publish({});
      for (const watcher of this.#watchers) watcher(seen);
    }, GATHER_MS);
  }

  #publish(change: Partial<Omit<LiveTableView<T>, 'rows'>>): void {
    this.show({ ...this.view(), ...change, rows: new Map(this.#read) });
  }
}
