import { z } from 'zod';

/** Answer of `POST /v1/query`. */
export const queryExplanation = z.object({
  home: z.enum(['postgres', 'lakehouse', 'both']).describe('where the query went'),
  rows: z.number().describe('rows of the answer'),
  bytes: z.number().describe('length of the answer'),
  totalMs: z.number(),
  parts: z.array(z.object({ name: z.enum(['parse', 'policy', 'postgres', 'queue', 'lakehouse', 'serialise']), ms: z.number() })),
  statements: z.array(z.object({ layer: z.enum(['postgres', 'lakehouse']), sql: z.string().describe('with placeholders; no value is part of it') })),
});
export type QueryExplanation = z.infer<typeof queryExplanation>;
