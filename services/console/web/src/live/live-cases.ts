import type { FlowDescription } from '#contracts/http/flows';
import type { Row } from '../api/rows.ts';
import { type Case, caseOf } from '../cases/case.ts';
import type { QueueEntry } from '../cases/queue-view.ts';
import { type CaseParts, fetchParts } from './case-parts.ts';
import { type Connection, followTable } from './follow-table.ts';

export interface LiveView {
  entries: readonly QueueEntry[];
  connection: Connection;
  /** The first snapshot has arrived. */
  ready: boolean;
  /** Why the stream or a part of it can't be had. */
  problem: string | undefined;
  /** Case id → when it last changed while being watched, ms since the epoch. */
  changedAt: ReadonlyMap<string, number>;
}

const NOTHING: LiveView = { entries: [], connection: 'connecting', ready: false, problem: undefined, changedAt: new Map() };
/** Changes are gathered for so long before parts are fetched and the page is drawn, ms. */
const GATHER_MS = 40;

/**
 * All cases of a flow, live. One stream only, of `flags` (a browser allows six connections to a server in all): a case's recommendation or disposition
 * commits together with its new state, so the state's change says when to fetch them.
 */
export class LiveCases {
  readonly #flow: FlowDescription;
  readonly #cases = new Map<string, Case>();
  readonly #parts: CaseParts = { recommendations: new Map(), dispositions: new Map(), subjects: new Map(), missing: new Set() };
  readonly #changedAt = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  /** Rows of a snapshot in progress, which replaces all at its end. */
  #incoming: Map<string, Case> | undefined;
  #view: LiveView = NOTHING;
  #stop: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(flow: FlowDescription) {
    this.#flow = flow;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly view = (): LiveView => this.#view;

  /** Begins to follow; `stop` ends it and keeps what is known, so that the next start shows it at once. */
  start(): void {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.#incoming = new Map();
    const reference = this.#flow.subject.reference;
    followTable(`${this.#flow.schema}.flags`, stop.signal, {
      snapshot: (rows) => {
        this.#incoming ??= new Map();
        for (const row of rows) this.#take(this.#incoming, row, reference);
      },
      ready: () => this.#replaceAll(),
      change: (key, after) => this.#change(key, after, reference),
      connection: (connection, problem) => this.#publish({ connection, problem }),
    });
  }

  stop(): void {
    this.#stop?.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #take(into: Map<string, Case>, row: Row, reference: string): void {
    const taken = caseOf(row, reference);
    into.set(taken.id, taken);
  }

  #replaceAll(): void {
    if (this.#incoming) {
      this.#cases.clear();
      for (const [id, incoming] of this.#incoming) this.#cases.set(id, incoming);
      this.#incoming = undefined;
    }
    this.#publish({ ready: true });
    this.#gather();
  }

  #change(key: Row | null, after: Row | null, reference: string): void {
    const id = String(key?.id ?? after?.id ?? '');
    if (after) {
      this.#take(this.#cases, after, reference);
      this.#changedAt.set(id, Date.now());
    } else if (key) this.#cases.delete(id);
    else this.#cases.clear();
    this.#gather();
  }

  #gather(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#publish({});
      void this.#fetchMissing();
    }, GATHER_MS);
  }

  async #fetchMissing(): Promise<void> {
    const signal = this.#stop?.signal ?? new AbortController().signal;
    try {
      const found = await fetchParts(this.#flow, [...this.#cases.values()], this.#parts, signal);
      for (const [id, part] of found.recommendations) this.#parts.recommendations.set(id, part);
      for (const [id, part] of found.dispositions) this.#parts.dispositions.set(id, part);
      for (const [key, part] of found.subjects) this.#parts.subjects.set(key, part);
      for (const absent of found.missing) this.#parts.missing.add(absent);
      const any = found.recommendations.size + found.dispositions.size + found.subjects.size > 0;
      if (any) this.#publish({ problem: undefined });
    } catch (error) {
      if (!signal.aborted) this.#publish({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  #publish(change: Partial<Omit<LiveView, 'entries' | 'changedAt'>>): void {
    this.#view = { ...this.#view, ...change, entries: [...this.#cases.values()].map((found) => this.#entry(found)), changedAt: new Map(this.#changedAt) };
    for (const listener of this.#listeners) listener();
  }

  #entry(found: Case): QueueEntry {
    const subject = this.#parts.subjects.get(String(found.subjectKey));
    const recommendation = this.#parts.recommendations.get(found.id);
    const disposition = this.#parts.dispositions.get(found.id);
    return { case: found, ...(subject ? { subject } : {}), ...(recommendation ? { recommendation } : {}), ...(disposition ? { disposition } : {}) };
  }
}
