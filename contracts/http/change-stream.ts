import type { EncodedRow, Operation } from '../topics/change-event.ts';

/**
 * `GET /v1/changes/<schema>.<table>?<PostgREST filters>` as server-sent events (WHATWG HTML §9.2).
 *
 * A fresh stream is: zero or more `snapshot` events, one `ready`, then `change` events. With `Last-Event-ID` it goes on after
 * that cursor without a snapshot; when the log no longer holds what followed, it sends one `reset` and closes: reconnect
 * without `Last-Event-ID`. Comment lines are heartbeats. `id:` is an opaque cursor, on `ready` and on every `change`.
 */
export interface ChangeStreamEvents {
  /** A page of the rows as they were at one Postgres snapshot. */
  snapshot: { rows: EncodedRow[] };
  /** The snapshot is complete; everything after it arrives as `change`. */
  ready: { rows: number };
  change: StreamedChange;
  reset: { reason: 'history-gone' | 'policy-changed' | 'gap' | 'table-changed'; detail: string };
}

/** One change as this subscriber may see it: columns it may not read are absent. */
export interface StreamedChange {
  /** `u` on a row that enters the filter arrives as `c`, one that leaves it as `d`. `r` never appears. */
  op: Exclude<Operation, 'r'>;
  /** Primary-key columns. Null for a truncate. */
  key: EncodedRow | null;
  /** The row after the change; null for `d` and `t`. */
  after: EncodedRow | null;
  /** Event id (topics/event-id.ts). */
  id: string;
  /** Commit time, ms since the epoch. */
  ts_ms: number;
  actor?: string;
  agent?: string;
  traceparent?: string;
}
