import { z } from 'zod';

/** A line that an import refused. */
export const importRefusal = z.object({
  line: z.number().describe('from 1; the header of a CSV file is line 1'),
  code: z.string().describe('SQLSTATE'),
  message: z.string(),
});
export type ImportRefusal = z.infer<typeof importRefusal>;

/** `GET /v1/imports/{id}`. */
export const importReport = z.object({
  id: z.uuid(),
  table: z.string().describe('schema.table'),
  format: z.enum(['csv', 'ndjson']),
  mode: z.enum(['all-or-nothing', 'skip-bad']),
  state: z.enum(['open', 'complete', 'failed']),
  failure: z.string().nullable(),
  offset: z.number().describe('bytes that are taken: where an import that was cut off goes on'),
  lines: z.number(),
  inserted: z.number(),
  refused: z.number(),
  refusals: z.array(importRefusal).describe('the first 1,000'),
  traceId: z.string().describe('what POST /v1/undo takes to take the import back'),
});
export type ImportReport = z.infer<typeof importReport>;
