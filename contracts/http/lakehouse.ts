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

/** One mirror in `GET /v1/mirrors`. Versions and counts are text, for they may pass 2^53. */
export const mirrorReport = z.object({
  id: z.number(),
  source: z.string().describe('schema.table in the lakehouse'),
  target: z.string().describe('schema.table in Postgres'),
  mode: z.enum(['snapshot', 'incremental']),
  key: z.array(z.string()),
  everyMs: z.number().nullable().describe('how often it is refreshed; null: when asked'),
  state: z.enum(['new', 'current', 'failed']),
  error: z.string().nullable().describe('why the last refresh failed; the rows are those of `version`'),
  version: z.string().nullable().describe('version that the target holds'),
  lakeVersion: z.string().nullable().describe("the source's newest version; null where the lakehouse does not answer or the table is gone"),
  versionsBehind: z.string().nullable(),
  rows: z.string().nullable(),
  refreshedAt: z.string().nullable().describe('when the target last equalled the newest version'),
  ageSeconds: z.number().nullable().describe('time since refreshedAt'),
});
export type MirrorReport = z.infer<typeof mirrorReport>;
