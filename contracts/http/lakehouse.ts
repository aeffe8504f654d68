import { z } from 'zod';

const derivedTable = z
  .object({ name: z.string(), version: z.string(), rows: z.string().nullable(), files: z.number().nullable(), bytes: z.string().nullable() })
  .nullable()
  .describe('null until it is made; counts are text, for they may pass 2^53');

/** One source table in `GET /v1/lakehouse/tables`. */
export const lakehouseTableReport = z.object({
  source: z.string().describe('schema.table'),
  topic: z.string(),
  history: derivedTable,
  base: derivedTable,
  current: z.string().describe('the name under which current rows are queried'),
  lagSeconds: z.number().describe('age of the oldest change that is not in the history yet'),
  partitions: z.array(
    z.object({
      partition: z.number(),
      phase: z.enum(['starting', 'following', 'standby', 'retrying', 'stopped']),
      applied: z.string().nullable().describe('offset up to which the history is'),
      end: z.string().describe("the topic's end"),
      detail: z.string().optional(),
      gap: z.string().optional().describe('what retention took before it was applied'),
    }),
  ),
  upkeepFailure: z.string().optional(),
});
export type LakehouseTableReport = z.infer<typeof lakehouseTableReport>;
