import { createClient, HttpProblem, type RowChange, type Subscription } from '#libs/client/client';
import type { ConnectionView } from '../../live/connection.ts';
import type { GridColumn } from '../columns/grid-column.ts';
import { Store } from '../../live/store.ts';

/** A row that somebody wrote, while this page looked. */
export interface Touched {
  op: RowChange<never>['op'];
  /** The key as the row API spells it; undefined where the stream spells it in a way that can't be told back. */
  key: Readonly<Record<string, unknown>> | undefined;
  actor: string | undefined;
  traceId: string | undefined;
}

export interface LiveHandlers {
  /** Changes, gathered over a moment. */
  touched: (changes: readonly Touched[]) => void;
  /** Changes may have been missed: everything is to be read again. */
  missed: () => void;
  /** The table may be built otherwise now. */
  edited: () => void;
}

interface Followed {
  schema: string;
  table: string;
  key: readonly GridColumn[];
}

/** Changes are gathered for so long, ms. */
const GATHER_MS = 50;

/** What happens to a table's rows, as keys: the rows themselves are read through the row API, in the view's order and under its filters. */
export class LiveChanges extends Store<ConnectionView> {
  readonly #followed: Followed;
  readonly #handlers: LiveHandlers;
  #subscription: Subscription<Record<string, unknown>> | undefined;
  #stop = new AbortController();
  #gathered: Touched[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #begun = false;

  constructor(followed: Followed, handlers: LiveHandlers) {
    super({ connection: 'connecting', problem: undefined });
    this.#followed = followed;
    this.#handlers = handlers;
  }

  start(): void {
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    const { schema, table, key } = this.#followed;
    this.#subscription = createClient({ url: '' }).subscribe(
      { schema, table, select: key.map(({ name }) => name), changesOnly: true },
      {
        // The first says only that from now on nothing is missed; what was read before it may be old already.
        onSnapshot: () => this.#onReady(),
        onSchema: () => this.#handlers.edited(),
        onChange: (change) => this.#gather(change),
        onStatus: (status) => {
          // What was told while there was no connection is not told again.
          if (status === 'live' && this.view().connection === 'reconnecting') this.#handlers.edited();
          if (status !== 'closed') this.#publish({ connection: status, ...(status === 'live' ? { problem: undefined } : {}) });
          else if (!stop.signal.aborted) this.#publish({ connection: 'refused' });
        },
        onError: (error) => this.#publish({ problem: error instanceof HttpProblem ? error.message : undefined }),
      },
    );
    this.#publish({ connection: 'connecting' });
  }

  stop(): void {
    this.#stop.abort();
    this.#subscription?.close();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#gathered = [];
  }

  #onReady(): void {
    if (this.#begun) {
      this.#handlers.missed();
      this.#handlers.edited();
    }
    this.#begun = true;
  }

  #gather({ op, key, actor, traceparent }: RowChange<Record<string, unknown>>): void {
    this.#gathered.push({ op, key: key === null ? undefined : told(this.#followed.key, key), actor, traceId: traceparent?.split('-')[1] });
    this.#timer ??= setTimeout(() => {
      const gathered = this.#gathered;
      this.#timer = undefined;
      this.#gathered = [];
      this.#handlers.touched(gathered);
    }, GATHER_MS);
  }

  #publish(change: Partial<ConnectionView>): void {
    this.show({ ...this.view(), ...change });
  }
}

/** A key of the stream (Debezium's encoding) as the row API spells it. */
function told(columns: readonly GridColumn[], key: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const spelled: Record<string, unknown> = {};
  for (const { name, valueKind } of columns) {
    if (valueKind === 'date' && typeof key[name] === 'number') spelled[name] = new Date(key[name] * 86_400_000).toISOString().slice(0, 10);
    else if (valueKind === 'timestamp' || valueKind === 'other' || valueKind === 'json') return undefined;
    else spelled[name] = key[name];
  }
  return spelled;
}
