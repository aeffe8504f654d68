import { z } from 'zod';

/** Topic of the snapshots of every slot of a prefix. */
export function snapshotTopic(prefix: string): string {
  return `${prefix}.__snapshots`;
}

/**
 * Value of the snapshot topic, by `<slot>/<id>` in a compacted topic: a snapshot of one table, what was asked for and how far it is. `after` is the last key that is out; a snapshot that was
 * interrupted goes on behind it.
 */
export const snapshotRecord = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  schema: z.string(),
  table: z.string(),
  /** SQL condition; null for the whole table. */
  where: z.string().nullable(),
  /** Key of a record as its topic has it, JSON text: the rows under it alone. Null for all. */
  key: z.string().nullable().default(null),
  /** Rows a second at most; null for as fast as it goes. */
  maxRowsPerSecond: z.number().positive().nullable(),
  state: z.enum(['queued', 'running', 'paused', 'completed', 'cancelled', 'failed']),
  /** Who or what asked: `initial`, `added`, `http`, `signal`. */
  cause: z.string(),
  /** Text of the last key's columns; of a table without a key, the next block of it. */
  after: z.array(z.string()).nullable(),
  /** The greatest key when it began, or the number of blocks; what comes behind is in the stream. Null before it began. */
  until: z.array(z.string()).nullable().default(null),
  /** What `after` and `until` are places in: another key, or rows written anew where there is none, and the snapshot begins anew. Null before it began. */
  order: z.string().nullable().default(null),
  rows: z.number().int().min(0),
  /** The planner's estimate when it began. */
  estimatedRows: z.number().min(0).nullable(),
  /** Ms since the epoch. */
  requestedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  error: z.string().nullable(),
});
export type Snapshot = z.infer<typeof snapshotRecord>;
