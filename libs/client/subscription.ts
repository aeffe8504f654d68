import type { ChangeStreamEvents, StreamedChange } from '#contracts/http/change-stream';
import type { EncodedRow } from '#contracts/topics/change-event';
import { parseJson } from '#contracts/topics/json';
import { pause, reconnectDelay } from './backoff.ts';
import { type EventSourceCall, readEventSource, type Token } from './event-source.ts';
import { HttpProblem } from './http-problem.ts';
import { LiveRows, type RowChange } from './live-rows.ts';
import { PassingChanges } from './passing-changes.ts';

/** `connecting` until the first snapshot is complete, then `live` or `reconnecting`; `closed` by `close()` or by a refusal that trying again won't mend. */
export type SubscriptionStatus = 'connecting' | 'live' | 'reconnecting' | 'closed';

export interface SubscriptionHandlers<Row> {
  /** Each change of the rows, in order, after it was applied. The first snapshot is none: it is there when `ready` resolves. */
  onChange?: (change: RowChange<Row>) => void;
  /** After a snapshot was put in place: the first, and each time the stream could not be resumed. With `changesOnly`: changes may have been missed until now. */
  onSnapshot?: (rows: ReadonlyMap<string, Row>) => void;
  onStatus?: (status: SubscriptionStatus) => void;
  /** The table is built or labelled otherwise now, or an edit of it in steps has begun or ended. What was told while there was no connection is not told again. */
  onSchema?: () => void;
  /** A connection that failed, and is tried again unless the status is `closed`. */
  onError?: (error: unknown) => void;
}

export interface SubscriptionOptions {
  url: string;
  token: Token | undefined;
  fetch: typeof fetch;
  /** Longest wait between attempts, ms. */
  maxDelayMs: number;
  silenceMs: number;
  /** Hold no rows: only changes, as they pass. */
  changesOnly: boolean;
}

/** A connection that lived this long, ms, was a good one: the next attempt after it comes at once. */
const GOOD_MS = 10_000;
/** A refused token is fetched anew this often before it is final. */
const TOKEN_ATTEMPTS = 3;

/**
 * Live rows of a table: a snapshot, and every change since, over as many connections as it takes. It resumes where it was; where
 * it can't, it takes a fresh snapshot and tells what differs. `for await` gives the same changes as `onChange`.
 */
export class Subscription<Row> implements AsyncIterable<RowChange<Row>> {
  /** Resolves when the first snapshot is complete; rejects when the subscription is closed before. */
  readonly ready: Promise<void>;
  /** Settles when the subscription is closed: rejects with the refusal, if that was the reason. */
  readonly closed: Promise<void>;
  readonly #options: SubscriptionOptions;
  readonly #handlers: SubscriptionHandlers<Row>;
  readonly #rows: LiveRows<Row> | PassingChanges<Row>;
  readonly #closing = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #readers = new Set<(change: RowChange<Row> | undefined) => void>();
  #status: SubscriptionStatus = 'connecting';
  #cursor: string | undefined;
  /** Rows of a snapshot that is not complete yet. */
  #page: EncodedRow[] = [];
  #isReady = false;

  constructor(options: SubscriptionOptions, handlers: SubscriptionHandlers<Row>) {
    this.#options = options;
    this.#handlers = handlers;
    this.#rows = options.changesOnly ? new PassingChanges<Row>() : new LiveRows<Row>();
    this.ready = this.#ready.promise;
    this.closed = this.#run();
    // Who does not ask must not bring the process down.
    this.ready.catch(() => undefined);
    this.closed.catch(() => undefined);
  }

  /** By the key's value as text (`rowKey`): always the newest. Not to be changed. Empty with `changesOnly`. */
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows.rows;
  }

  get status(): SubscriptionStatus {
    return this.#status;
  }

  close(): void {
    this.#closing.abort();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Changes from now on; ends when the subscription is closed. What the reader has not taken yet is kept. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RowChange<Row>> {
    const queue: (RowChange<Row> | undefined)[] = [];
    let wake: () => void = () => undefined;
    const reader = (change: RowChange<Row> | undefined): void => {
      queue.push(change);
      wake();
    };
    this.#readers.add(reader);
    try {
      while (this.#status !== 'closed' || queue.length > 0) {
        if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const change = queue.shift();
        if (change === undefined) return;
        yield change;
      }
    } finally {
      this.#readers.delete(reader);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let refusals = 0;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const began = Date.now();
      try {
        await this.#connect(() => (refusals = 0));
      } catch (error) {
        refusals += error instanceof HttpProblem && error.status === 401 ? 1 : 0;
        if (!signal.aborted && isFinal(error, refusals)) return this.#end(error);
        if (!signal.aborted) this.#handlers.onError?.(error);
      }
      if (signal.aborted) break;
      if (this.#isReady) this.#turn('reconnecting');
      if (Date.now() - began > GOOD_MS) attempt = 0;
      await pause(reconnectDelay(attempt, this.#options.maxDelayMs), signal);
    }
    this.#end(undefined);
  }

  async #connect(onOpen: () => void): Promise<void> {
    const { url, token, fetch, silenceMs, changesOnly } = this.#options;
    this.#page = [];
    const call: EventSourceCall = {
      url,
      token,
      fetch,
      silenceMs,
      lastEventId: this.#cursor,
      ...(changesOnly ? { headers: { prefer: 'snapshot=none' } } : {}),
      signal: this.#closing.signal,
      onOpen: () => {
        onOpen();
        if (this.#cursor !== undefined) this.#turn('live');
      },
      onEvent: ({ event, data }) => this.#onEvent(event ?? 'message', data),
      onCursor: (cursor) => (this.#cursor = cursor),
    };
    try {
      await readEventSource(call);
    } catch (error) {
      // An event that was not understood must not be skipped by resuming behind it.
      if (error instanceof TypeError && error.message.startsWith('event ')) this.#cursor = undefined;
      throw error;
    }
  }

  #onEvent(name: string, data: string): void {
    if (this.#closing.signal.aborted) return;
    const happened = this.#understood(name, data);
    for (const change of happened) this.#tell(change);
  }

  /** Applies an event to the rows; what it changed. */
  #understood(name: string, data: string): RowChange<Row>[] {
    try {
      const value = parseJson(data) as unknown;
      if (name === 'change') return [this.#rows.apply(value as StreamedChange)].filter((change) => change !== undefined);
      if (name === 'snapshot') this.#page.push(...(value as ChangeStreamEvents['snapshot']).rows);
      if (name === 'ready') return this.#onReady(value as ChangeStreamEvents['ready']);
      if (name === 'reset') this.#cursor = undefined;
      if (name === 'schema') this.#handlers.onSchema?.();
      return [];
    } catch (cause) {
      throw new TypeError(`event ${name} could not be read`, { cause });
    }
  }

  #onReady({ key }: ChangeStreamEvents['ready']): RowChange<Row>[] {
    const changes = this.#rows.replace(this.#page, key);
    this.#page = [];
    this.#turn('live');
    this.#isReady = true;
    this.#ready.resolve();
    this.#handlers.onSnapshot?.(this.rows);
    return changes;
  }

  #tell(change: RowChange<Row>): void {
    this.#handlers.onChange?.(change);
    for (const reader of this.#readers) reader(change);
  }

  #turn(status: SubscriptionStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#handlers.onStatus?.(status);
  }

  #end(error: unknown): void {
    this.#closing.abort();
    this.#turn('closed');
    for (const reader of this.#readers) reader(undefined);
    this.#ready.reject(error ?? new Error('the subscription was closed'));
    if (error === undefined) return;
    this.#handlers.onError?.(error);
    throw error instanceof Error ? error : new Error('the subscription ended', { cause: error });
  }
}

/** Refused for good: the request itself is wrong, or not allowed. */
function isFinal(error: unknown, refusals: number): boolean {
  if (!(error instanceof HttpProblem) || error.passing) return false;
  return error.status !== 401 || refusals >= TOKEN_ATTEMPTS;
}
