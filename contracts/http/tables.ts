import { z } from 'zod';

export const COLUMN_TYPES = [
  'text',
  'number',
  'integer',
  'decimal',
  'date',
  'timestamp',
  'boolean',
  'choice',
  'multi-choice',
  'json',
  'uuid',
  'reference',
  'file',
] as const;

/** A column as a user asks for it. */
export const columnSpec = z.object({
  name: z.string(),
  type: z.enum(COLUMN_TYPES).nullable().describe('null: a type that only SQL makes; `sqlType` says which'),
  label: z.string().optional(),
  description: z.string().optional(),
  required: z.boolean().optional(),
  unique: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  precision: z.number().optional().describe('decimal: digits in all'),
  scale: z.number().optional().describe('decimal: digits behind the point'),
  min: z.union([z.number(), z.string()]).optional(),
  max: z.union([z.number(), z.string()]).optional(),
  pattern: z.string().optional().describe('regular expression of PostgreSQL that a text matches'),
  options: z.array(z.string()).optional().describe('the values of a choice'),
  references: z.object({ schema: z.string().optional(), table: z.string(), column: z.string().optional() }).optional(),
});
export type ColumnSpec = z.infer<typeof columnSpec>;

/** `GET /v1/tables/{table}`. */
export const tableDescription = z.object({
  schema: z.string(),
  name: z.string(),
  label: z.string().nullable(),
  description: z.string().nullable(),
  key: z.array(z.string()),
  columns: z.array(columnSpec.extend({ sqlType: z.string(), system: z.boolean().describe('kept by Lakeloop, or computed: never written') })),
  adopted: z.boolean().describe('whether its changes are audited and streamed'),
  archived: z.boolean(),
  history: z
    .object({ keep: z.string().nullable().describe('how long, ISO 8601; null: for ever') })
    .nullable()
    .describe('null: it is not adopted'),
  rows: z.number().nullable().describe("PostgreSQL's estimate; null before there is one"),
  version: z.string().nullable().describe('the newest edit'),
  may: z.object({ select: z.boolean(), insert: z.boolean(), update: z.boolean(), delete: z.boolean(), edit: z.boolean() }),
});
export type TableDescription = z.infer<typeof tableDescription>;

/** `GET /v1/tables`. */
export const tableList = z.object({
  tables: z.array(tableDescription),
  schemas: z.array(z.string()).describe('in which the caller may make tables'),
});
export type TableList = z.infer<typeof tableList>;

export const losses = z
  .array(
    z.object({
      what: z.string(),
      rows: z.number(),
      examples: z.array(z.string()).describe('primary keys as JSON'),
      refuses: z.boolean().describe('the edit does not go through while there are such rows'),
    }),
  )
  .describe('rows that it loses or breaks');

/** What an edit would do, or did. */
export const editReport = z.object({
  applied: z.boolean().describe('false: a dry run, or an edit in steps that has only begun (202)'),
  edit: z.string().nullable().describe('id of the edit; null in a dry run'),
  sql: z.array(z.string()),
  inSteps: z.boolean().describe('beside readers and writers, because the table is large: its progress is at `edits/{edit}`'),
  blocks: z.string().nullable().describe('why a large table is edited in one statement, which holds others up; null: nobody is held up for long'),
  losses,
  reversible: z.boolean(),
  table: tableDescription.nullable().describe('as it is afterwards; null in a dry run'),
});
export type EditReport = z.infer<typeof editReport>;

/** `GET /v1/tables/{table}/edits/{edit}`: how far an edit is, or how it ended. */
export const editProgress = z.object({
  id: z.string(),
  actor: z.string(),
  edit: z.record(z.string(), z.unknown()),
  reverts: z.string().nullable(),
  state: z.enum(['running', 'applied', 'failed', 'cancelled']),
  phase: z.enum(['copy', 'index', 'validate', 'swap']).describe('what it is at, or was last'),
  rows: z.number().describe('rows gone through so far'),
  total: z.number().describe('rows in all, an estimate'),
  percent: z.number(),
  secondsLeft: z.number().nullable().describe('of copying; null where it can not be told'),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  failure: z.object({ message: z.string(), losses }).nullable().describe('why it failed, and the rows in its way; the table is as it was'),
});
export type EditProgress = z.infer<typeof editProgress>;

/** An edit of the past. */
export const schemaEdit = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.string(),
  reason: z.string().nullable(),
  edit: z.record(z.string(), z.unknown()),
  sql: z.array(z.string()),
  reversible: z.boolean(),
  reverts: z.string().nullable(),
});
export type SchemaEdit = z.infer<typeof schemaEdit>;

/** `GET /v1/tables/{table}/edits`. */
export const editList = z.object({
  edits: z.array(schemaEdit).describe('those that went through, newest first'),
  inSteps: editProgress.nullable().describe('the newest edit in steps, under way or ended; null: there was none'),
});
export type EditList = z.infer<typeof editList>;
