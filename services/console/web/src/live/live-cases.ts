import { asText } from '../api/as-text.ts';
import type { FlowDescription } from '#contracts/http/flows';
import { createClient, HttpProblem, type Subscription } from '#libs/client/client';
import type { Row } from '../api/rows.ts';
import { type Case, caseOf } from '../cases/case.ts';
import type { QueueEntry } from '../cases/queue-view.ts';
import { type CaseParts, fetchParts } from './case-parts.ts';
import type { ConnectionView } from './connection.ts';
import { Store } from './store.ts';

export interface LiveView extends ConnectionView {
  entries: readonly QueueEntry[];
  /** The first snapshot has arrived. */
  ready: boolean;
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
export class LiveCases extends Store<LiveView> {
  readonly #flow: FlowDescription;
  readonly #parts: CaseParts = { recommendations: new Map(), dispositions: new Map(), subjects: new Map(), missing: new Set() };
  readonly #changedAt = new Map<string, number>();
  #subscription: Subscription<Row> | undefined;
  #stop: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(flow: FlowDescription) {
    super(NOTHING);
    this.#flow = flow;
  }

  /** Begins to follow; `stop` ends it and keeps what is known, so that the next start shows it at once. */
  start(): void {
    this.stop();
    const stop = new AbortController();
    this.#stop = stop;
    const subscription = createClient({ url: '' }).subscribe<Row>(
      { schema: this.#flow.schema, table: 'flags' },
      {
        onSnapshot: () => {
          this.#publish({ ready: true });
          this.#gather();
        },
        onChange: ({ op, key, after }) => {
          const id = asText(key?.id ?? after?.id);
          if (op !== 'd') this.#changedAt.set(id, Date.now());
          this.#gather();
        },
        onStatus: (status) => {
          // `closed` is told after `stop` too; a refusal is the one that nobody here asked for.
          if (status === 'live') this.#gather();
          if (status !== 'closed') this.#publish({ connection: status });
          else if (!stop.signal.aborted) this.#publish({ connection: 'refused' });
        },
        onError: (error) => this.#publish({ problem: error instanceof HttpProblem ? error.message : undefined }),
      },
    );
    this.#subscription = subscription;
    this.#publish({ connection: 'connecting' });
  }

  stop(): void {
    this.#stop?.abort();
    this.#subscription?.close();
    clearTimeout(this.#timer);
    this.#timer = undefined;
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
      const found = await fetchParts(this.#flow, this.#cases(), this.#parts, signal);
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

  #cases(): Case[] {
    const rows = this.#subscription?.rows ?? new Map<string, Row>();
    return [...rows.values()].map((row) => caseOf(row, this.#flow.subject.reference));
  }

  #publish(change: Partial<Omit<LiveView, 'entries' | 'changedAt'>>): void {
    this.show({ ...this.view(), ...change, entries: this.#entries(), changedAt: new Map(this.#changedAt) });
  }

  /** While a new stream has no snapshot yet, what the last one showed. */
  #entries(): readonly QueueEntry[] {
    const cases = this.#cases();
    return cases.length === 0 && this.#subscription?.status === 'connecting' ? this.view().entries : cases.map((found) => this.#entry(found));
  }

  #entry(found: Case): QueueEntry {
    const subject = this.#parts.subjects.get(String(found.subjectKey));
    const recommendation = this.#parts.recommendations.get(found.id);
    const disposition = this.#parts.dispositions.get(found.id);
    return { case: found, ...(subject ? { subject } : {}), ...(recommendation ? { recommendation } : {}), ...(disposition ? { disposition } : {}) };
  }
}
