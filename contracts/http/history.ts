import { z } from 'zod';

const image = z
  .record(z.string(), z.unknown())
  .nullable()
  .describe('the row, as the row API spells it; null where there is none, or where the caller may not see it');

/** One change of one row. Ids and request numbers are text, for they may pass 2^53. */
export const rowChange = z.object({
  id: z.string(),
  at: z.string().describe('when, ISO 8601 in UTC'),
  operation: z.enum(['insert', 'update', 'delete', 'truncate']),
  key: z.record(z.string(), z.unknown()).nullable().describe('null in the entry that a truncate leaves for itself'),
  actor: z.string(),
  agent: z.string().nullable(),
  onBehalfOf: z.string().nullable(),
  role: z.string(),
  reason: z.string().nullable(),
  flow: z.string().nullable(),
  requestId: z.string().nullable(),
  traceId: z.string().nullable(),
  request: z.string().nullable().describe('what POST /v1/undo takes to undo everything that the same request changed'),
  verified: z.boolean().describe('false: a service login changed the row without saying for whom'),
  changed: z.array(z.string()).describe('columns whose value the change changed, of those that the caller may see'),
  before: image,
  after: image,
});
export type RowChange = z.infer<typeof rowChange>;

/** Answer of `GET /v1/history/{table}`: newest first. */
export const historyPage = z.object({
  table: z.string().describe('schema.table'),
  changes: z.array(rowChange),
  next: z.string().nullable().describe('`before` of the next page; null at the end'),
  goneBefore: z.string().nullable().describe('at the end: older changes than of this time are no longer kept; null: none are deleted, or other pages follow'),
});
export type HistoryPage = z.infer<typeof historyPage>;

/** Answer of `GET /v1/history/{table}/compare`: the row as two of its changes left it. */
export const versionDiff = z.object({
  table: z.string().describe('schema.table'),
  key: z.record(z.string(), z.unknown()),
  from: rowChange.describe('the one version is its `after`; null: the row was not there'),
  to: rowChange.describe('the other version'),
  columns: z.array(z.string()).describe('columns in which they differ, of those that the caller may see'),
});
export type VersionDiff = z.infer<typeof versionDiff>;

/** One row of what an undo does. */
const undoneRow = z.object({
  table: z.string(),
  key: z.record(z.string(), z.unknown()),
  action: z.enum(['insert', 'update', 'delete']),
  columns: z.array(z.string()).describe('columns that are written'),
});

/** Somebody else's change of a row since what is to be undone. */
const conflict = z.object({ table: z.string(), key: z.record(z.string(), z.unknown()), change: z.string(), actor: z.string(), at: z.string() });

/** Answer of `POST /v1/undo`, and of `POST /v1/history/{table}/restore`. */
export const undoReport = z.object({
  applied: z.boolean().describe('false: a dry run'),
  rows: z.number().describe('rows that are written; `actions` lists the first 100'),
  actions: z.array(undoneRow),
  conflicts: z.array(conflict).describe('the first 100; overridden when forced'),
  conflictCount: z.number().describe('rows that somebody changed since'),
});
export type UndoReport = z.infer<typeof undoReport>;

/** Answer 202 of `POST /v1/undo`, and of `GET /v1/undo/{undo}`: an undo that takes longer than its caller waits. */
export const undoProgress = z.object({
  id: z.string(),
  what: z.record(z.string(), z.string()).describe('what is taken back, as it was asked'),
  dryRun: z.boolean(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']).describe('unless it is done, nothing of it is kept'),
  phase: z.enum(['plan', 'write', 'check']).describe('reads the changes and who changed the rows since; writes; looks once more'),
  rows: z.number().describe('rows that are written'),
  total: z.number().nullable().describe('rows that will be; null: not known yet'),
  percent: z.number(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  report: undoReport.nullable().describe('once it is done'),
  failure: z.record(z.string(), z.unknown()).nullable().describe('why it failed: the problem that the request would have been answered with'),
});
export type UndoProgress = z.infer<typeof undoProgress>;
