import { z } from 'zod';

/** Topic of what is known of every slot of a prefix beside its progress, and changes seldom. */
export function controlTopic(prefix: string): string {
  return `${prefix}.__control`;
}

/** An operator's pause. A null value: it was ended. */
export const pauseRecord = z.object({
  /** Ms since the epoch. */
  since: z.number(),
});

const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/** The tables that the publication had when it was looked at last. */
export const membersRecord = z.object({
  version: z.literal(1),
  publicationOid: z.string(),
  /** Oid of the table, oid of its membership, schema, name, and since when it is out: null while it is in. */
  tables: z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), lsn.nullable()])),
});
export type MembersRecord = z.infer<typeof membersRecord>;

/** Names of what is kept; a record's key is the slot, a slash, the name. */
export const CONTROL = { pause: 'paused', members: 'publication' } as const;

/**
 * Value of the control topic, by slot and name in a compacted topic. Written by capture for itself: who changes or removes a pause lets it go on at the next start,
 * and without the members a table that was out of the publication for a while is no gap that is told.
 */
export const controlRecord = z.union([pauseRecord, membersRecord]);
export type ControlRecord = z.infer<typeof controlRecord>;
