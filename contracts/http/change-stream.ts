import type { EncodedRow, Operation } from '../topics/change-event.ts';

/**
 * `GET /v1/changes/<schema>.<table>?<PostgREST filters>` as server-sent events (WHATWG HTML §9.2).
 *
 * A fresh stream is: zero or more `snapshot` events, one `ready`, then `change` events. With `Last-Event-ID` it goes on after
 * that cursor without a snapshot, its first event being the first change; when the log no longer holds what followed, or it can't be told for this
 * subscriber any more, it sends one `reset` and closes: reconnect without `Last-Event-ID`. `expired` closes it too: reconnect with
 * a fresh token and the last cursor. A stream that ends in any other way: reconnect with the last cursor, if there was one.
 *
 * With `Prefer: snapshot=none` a fresh stream has no `snapshot` events: `ready` comes at once, with 0 rows. For who reads a large table page by page.
 *
 * `id:` is an opaque cursor, on `ready` and on every `change`; it belongs to this subscription alone (role, filter, `select`).
 * `schema`, at any time after `ready` and without a cursor: the table is built or labelled otherwise now, or an edit of it in steps has begun or ended; one that
 * changes what this subscriber sees is followed by a `reset`. While a stream is down such words are lost: look at the table's description after reconnecting.
 *
 * Comment lines are heartbeats; an event without data moves the cursor past changes that were not for this subscriber.
 * Before the stream starts, errors are problem+json: 400 (with `place`), 401, 403, 404, 409, 503.
 *
 * Changes of one key come in the order of their event ids, each once. A primary-key update is a `d` of the old key and a `c` of the new one, in no
 * order between the two. A `t` removes the rows whose last change has a smaller event id, the snapshot's rows among them.
 */
export interface ChangeStreamEvents {
  /** A page of the rows as they were at one Postgres snapshot. `key`: names of the primary-key columns, which every row holds. */
  snapshot: { rows: EncodedRow[]; key: string[] };
  /** The snapshot is complete, with so many rows; everything after it arrives as `change`. */
  ready: { rows: number; key: string[] };
  change: StreamedChange;
  /** What the table is now is at `GET /v1/tables/{table}`. */
  schema: Record<string, never>;
  reset: { reason: 'history-gone' | 'policy-changed' | 'gap' | 'table-changed'; detail: string };
  /** The token has ended. */
  expired: { detail: string };
}

/** One change as this subscriber may see it: columns it may not read, or did not select, are absent. */
export interface StreamedChange {
  /** `u` on a row that enters the filter arrives as `c`, one that leaves it as `d`. `r` never appears. */
  op: Exclude<Operation, 'r'>;
  /** Primary-key columns. Null for a truncate. */
  key: EncodedRow | null;
  /**
   * The row after the change; null for `d` and `t`. In a `u`, a column that is absent though the subscriber sees it keeps its value: a large value that the
   * update did not touch, of a table without REPLICA IDENTITY FULL.
   */
  after: EncodedRow | null;
  /** Event id (topics/event-id.ts). */
  id: string;
  /** Commit time, ms since the epoch. */
  ts_ms: number;
  actor?: string;
  agent?: string;
  traceparent?: string;
}
