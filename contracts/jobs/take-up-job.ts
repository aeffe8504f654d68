import { z } from 'zod';

/** Who recommends in a flow has changed: cases that wait are taken up by whoever does now. Its id is the event's. */
export const takeUpJob = z.object({
  /** Event id of the change of the flow's `recommender` row. */
  eventId: z.string().min(1),
});
export type TakeUpJob = z.infer<typeof takeUpJob>;
