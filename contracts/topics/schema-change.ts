import { z } from 'zod';
import { changeSource } from './change-event.ts';

/** Topic of the schema changes of every table of a prefix. Retained for ever: whoever reads a change topic later must be able to learn what its rows were. */
export function schemaTopic(prefix: string): string {
  return `${prefix}.__schema`;
}

export const schemaColumn = z.object({
  name: z.string(),
  /** From 1, in the order that the events' rows have. */
  position: z.number().int(),
  /** `pg_attribute.attnum`: a column keeps it when it is renamed. Null where the catalogue had moved on when the change was read. */
  attributeNumber: z.number().int().nullable(),
  typeName: z.string(),
  /** With its modifiers, as DDL spells it. */
  typeExpression: z.string(),
  typeOid: z.number().int(),
  typeModifier: z.number().int(),
  /** Whether it may be NULL; null where it is not known. */
  optional: z.boolean().nullable(),
  generated: z.boolean().nullable(),
});
export type SchemaColumn = z.infer<typeof schemaColumn>;

export const schemaDifference = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('column-added'), column: z.string() }),
  z.object({ kind: z.literal('column-dropped'), column: z.string() }),
  z.object({ kind: z.literal('column-renamed'), column: z.string(), from: z.string() }),
  /** Type expressions. */
  z.object({ kind: z.literal('column-retyped'), column: z.string(), from: z.string(), to: z.string() }),
  z.object({ kind: z.literal('column-optional'), column: z.string(), to: z.boolean() }),
  /** `schema.table`. */
  z.object({ kind: z.literal('table-renamed'), from: z.string(), to: z.string() }),
  /** Columns of the events' key. */
  z.object({ kind: z.literal('key-changed'), from: z.array(z.string()), to: z.array(z.string()) }),
]);
export type SchemaDifference = z.infer<typeof schemaDifference>;

export const tableChange = z.object({
  /** DROP: its topic gets no more events of this table; it was dropped, or is not published any more. */
  type: z.enum(['CREATE', 'ALTER', 'DROP']),
  /** `"database"."schema"."table"`. */
  id: z.string(),
  /** The table's oid: a table that is dropped and made anew has another. */
  oid: z.number().int(),
  /** As it is from here on; null after DROP. */
  table: z.object({ primaryKeyColumnNames: z.array(z.string()), columns: z.array(schemaColumn) }).nullable(),
  /** What ALTER changed. */
  differences: z.array(schemaDifference),
});
export type TableChange = z.infer<typeof tableChange>;

/**
 * Value of the schema topic, of Debezium's shape: what a table's rows are from `source.lsn` on. Key: `{"schema","table"}`. Published, and durable, before the first
 * event of the table that is written by it. Header `id` is the same should one be repeated.
 */
export const schemaChangeValue = z.object({
  source: changeSource,
  /** When it was handed to the change log: milliseconds since the epoch. */
  ts_ms: z.number(),
  databaseName: z.string(),
  schemaName: z.string(),
  /** The statement is not in the stream. */
  ddl: z.null(),
  /** One. */
  tableChanges: z.array(tableChange),
});
export type SchemaChangeValue = z.infer<typeof schemaChangeValue>;
