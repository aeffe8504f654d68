import { z } from 'zod';
import { gapReason } from './gap-event.ts';

/** Topic of the progress of every slot of a prefix. */
export function progressTopic(prefix: string): string {
  return `${prefix}.__progress`;
}

const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);
const identity = { version: z.literal(1), systemId: z.string(), timeline: z.number().int() };

/**
 * Value of the progress topic, by slot in a compacted topic: everything up to `end` is in the change topics, and of the transaction that is `open` its first
 * `changes`. `creating` is written before a slot is made. Written by capture for itself: who changes or removes it makes capture stop.
 */
export const progressRecord = z.discriminatedUnion('state', [
  z.object({
    ...identity,
    state: z.literal('creating'),
    /** What the new slot comes after, to be told once it is there; null for a first one. */
    gap: z.object({ reason: gapReason, detail: z.string(), from: lsn.nullable() }).nullable().default(null),
  }),
  z.object({
    ...identity,
    state: z.literal('streaming'),
    end: lsn,
    lastCommit: lsn.nullable(),
    open: z.object({ commitLsn: lsn, changes: z.number().int().min(0) }).nullable(),
    /** What decides which changes a transaction has. */
    fingerprint: z.string(),
    publicationOid: z.string().nullable().default(null),
  }),
]);
