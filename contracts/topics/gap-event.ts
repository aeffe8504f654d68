import { z } from 'zod';

/** Topic of the gaps of every slot of a prefix. Retained for ever: whoever reads a change topic later must be able to learn what is not in it. */
export function gapTopic(prefix: string): string {
  return `${prefix}.__gaps`;
}

/** Why events may be missing. */
export const gapReason = z.enum([
  /** The slot was gone. */
  'slot-missing',
  /** The server had discarded WAL that the slot needed, or invalidated it for another reason. */
  'slot-lost',
  /** Someone else advanced the slot. */
  'slot-advanced',
  /** The slot was there, but not what had been published of it. */
  'progress-unknown',
  /** Another database cluster than before. */
  'other-server',
  /** A timeline that does not have what was published, or an older one. */
  'other-timeline',
  /** The server's log ends before what was published: it was restored. */
  'server-behind',
  /** The publication was dropped and made anew: what was committed in between is not published. */
  'publication-recreated',
  /** Tables were out of the publication for a while. */
  'table-unpublished',
]);
export type GapReason = z.infer<typeof gapReason>;

const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/**
 * Value of the gap topic: events of commits between two positions may be missing from the change topics. Key: the slot. Written before the first event behind
 * the gap, at least once; header `id` is the same at every repetition.
 */
export const gapEvent = z.object({
  version: z.literal(1),
  slot: z.string(),
  database: z.string(),
  /** `system_identifier` and timeline of the server that capture goes on with. */
  systemId: z.string(),
  timeline: z.number().int(),
  reason: gapReason,
  /** The same for a person, with positions. */
  detail: z.string(),
  /** Everything before was published; null: not known. On another server this is a position of the old one. */
  from: lsn.nullable(),
  /** Everything committed from here on is published. */
  to: lsn,
  /** Tables concerned, `schema.table`; null: all of the publication. */
  tables: z.array(z.string()).nullable(),
  /** Whether rows of these tables are read again by themselves (CDC_SNAPSHOT=initial), or the operator is to ask for it. Neither brings back deletes of the gap. */
  snapshots: z.enum(['requested', 'advised']),
  /** When it was found, ms since the epoch. */
  ts_ms: z.number(),
});
export type GapEvent = z.infer<typeof gapEvent>;
