import { z } from 'zod';

/** A record of `<prefix>.transaction`: a transaction begins, or ends with so many published events (CDC_TRANSACTION_METADATA). Key: `{"id": …}`. */
export const transactionEvent = z.object({
  status: z.enum(['BEGIN', 'END']),
  /** `<xid>:<commit LSN, decimal>`, the same in `transaction.id` of every event of it. */
  id: z.string(),
  /** Commit time, ms since the epoch. */
  ts_ms: z.number(),
  event_count: z.number().int().nullable(),
  data_collections: z.array(z.object({ data_collection: z.string(), event_count: z.number().int() })).nullable(),
});
export type TransactionEvent = z.infer<typeof transactionEvent>;

export function transactionTopic(prefix: string): string {
  return `${prefix}.transaction`;
}
