import { z } from 'zod';

const lsn = z.string();

/** Answer of `GET /v1/cdc/status`, `POST /v1/cdc/pause` and `POST /v1/cdc/resume`: what this instance of capture does, and how its slot is. */
export const cdcStatus = z.object({
  /** `paused`: holds the slot and reads nothing, by an operator's word. `standby`: another instance streams. */
  phase: z.enum(['connecting', 'standby', 'streaming', 'paused', 'stopped']),
  /** The same for a person. */
  detail: z.string(),
  /** Whether this instance holds the slot. */
  leader: z.boolean(),
  /** When the phase began, ms since the epoch. */
  since: z.number(),
  /** As the server shows it; null while there is none, or no server. */
  slot: z
    .object({
      name: z.string(),
      publication: z.string(),
      /** Everything that committed before was confirmed to the server. */
      confirmed: lsn,
      /** Where the server's log ends. */
      serverEnd: lsn,
      lagBytes: z.number(),
      lagSeconds: z.number(),
      /** WAL that the server keeps for the slot. */
      retainedBytes: z.number(),
      /** WAL that may be written before the server gives the slot up; null without max_slot_wal_keep_size. */
      safeBytes: z.number().nullable(),
      alarm: z.enum(['none', 'warning', 'critical']),
    })
    .nullable(),
  /** Everything that committed before is in the change log, and known to be; null where this instance does not hold the slot. */
  published: lsn.nullable(),
  /** Records acknowledged by the change log since the process began, and a second over the last ten. */
  throughput: z.object({ records: z.number(), recordsPerSecond: z.number() }),
  /** `schema.table` of what is published. */
  tables: z.array(z.string()),
  /** What interrupted or stopped capture last; null when nothing did since the process began. */
  lastError: z.object({ kind: z.string(), message: z.string(), hint: z.string(), at: z.number() }).nullable(),
  /** How many snapshots there are by state; empty where this instance does not hold the slot. */
  snapshots: z.record(z.string(), z.number()),
});
export type CdcStatus = z.infer<typeof cdcStatus>;
