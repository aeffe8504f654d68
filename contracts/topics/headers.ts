/**
 * Header names of a change record; all values are UTF-8 strings. `id` is always there; the others repeat the write's
 * context (architecture.md §4.2) and are left out where the context has no value.
 */
export const HEADER = {
  /** Event id `<system_id>:<timeline>:<commit_lsn>:<ordinal>`, see event-id.ts. */
  id: 'id',
  traceparent: 'traceparent',
  actor: 'actor',
  agent: 'agent',
  onBehalfOf: 'onBehalfOf',
  requestId: 'requestId',
  flow: 'flow',
  hop: 'hop',
  reason: 'reason',
  /** `false` when a context message had no matching audit entry (decisions.md 2). Absent means verified or no context. */
  verified: 'verified',
  /** Debezium's headers on the two halves of a primary-key update. */
  newKey: '__debezium.newkey',
  oldKey: '__debezium.oldkey',
  /** On the marker of a change that was parked: why (parked.ts). */
  parked: 'parked',
} as const;

/** Headers of a letter in the dead-letter topic, beside those of the event that it would have been. */
export const PARKED = {
  reason: 'parked.reason',
  /** Of the table. */
  topic: 'parked.topic',
  /** `schema.table`. */
  table: 'parked.table',
  message: 'parked.message',
  /** Bytes of what was too large. */
  bytes: 'parked.bytes',
  /** On the record that ends a letter: `redriven` (its value is null). */
  state: 'parked.state',
} as const;
