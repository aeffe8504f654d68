import { z } from 'zod';
import { changeSource } from './change-event.ts';

/**
 * Why a change was parked. `row-too-large`: over CDC_MAX_ROW_BYTES, skipped while it was read. `record-too-large`: the broker refuses a record of its size.
 * `unencodable`: its values could not be written.
 */
export const parkReason = z.enum(['row-too-large', 'record-too-large', 'unencodable']);
export type ParkReason = z.infer<typeof parkReason>;

/**
 * The marker in a table's topic, under the change's key and event id, where a change was parked: the row is another now, and this topic does not say what.
 * A consumer holds the key (neither shows nor uses the old row as current) until an event tells the row in full: `c`, `r`, `d`, `t`, or a `u` without
 * the TOAST placeholder. Header `parked` has the reason, so that a consumer can tell without parsing.
 */
export const parkedMarker = z.object({
  before: z.null(),
  after: z.null(),
  source: changeSource,
  op: z.literal('p'),
  ts_ms: z.number(),
  transaction: z.null(),
  parked: z.object({
    reason: parkReason,
    message: z.string(),
    /** What the change was. */
    op: z.enum(['c', 'u', 'd', 'r']),
    /** Of what was too large; null where size is not the reason. */
    bytes: z.number().int().nullable(),
    /** The dead-letter topic. */
    topic: z.string(),
  }),
});
export type ParkedMarker = z.infer<typeof parkedMarker>;

/** `<prefix>.__dlq`: parked changes by key; the event's id, the table's topic and the reason are in headers (headers.ts), the value is what fits of the event. */
export function deadLetterTopic(prefix: string): string {
  return `${prefix}.__dlq`;
}
