import { z } from 'zod';

/** Work on one case of an exception flow: recommend a class. One job a case and cause; its id is the event's, or one of the reconciler's. */
export const caseJob = z.object({
  /** Primary key of the flow's `flags` row. */
  caseId: z.uuid(),
  /** What caused it: the event id of the flag, or `reconcile:<case id>`. Deduplicated in the inbox, in the write-back's transaction. */
  eventId: z.string().min(1),
  /** Write-backs that led to the event. */
  hop: z.number().int().min(0),
  /** When the event reached the change log, ISO 8601; null for the reconciler's. */
  publishedAt: z.iso.datetime().nullable(),
});
export type CaseJob = z.infer<typeof caseJob>;

/** Queue of one step of a flow. */
export function flowQueueName(flow: string, step: string): string {
  return `flow-${flow}-${step}`;
}
