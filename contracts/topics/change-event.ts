import { z } from 'zod';

/**
 * The value of a change topic: Debezium's envelope as schemaless JSON (architecture.md §5, envelope.md).
 * A tombstone (null value) follows a delete and is not described here.
 */
export const operation = z.enum(['c', 'u', 'd', 'r', 't']);
/** c = create, u = update, d = delete, r = snapshot read, t = truncate. */
export type Operation = z.infer<typeof operation>;

export const changeSource = z.object({
  version: z.string(),
  connector: z.literal('postgresql'),
  /** The topic prefix. */
  name: z.string(),
  /** Commit time in the database: milliseconds, microseconds, nanoseconds since the epoch. */
  ts_ms: z.number(),
  ts_us: z.number(),
  ts_ns: z.union([z.number(), z.bigint()]),
  snapshot: z.enum(['true', 'false', 'first', 'last', 'incremental']),
  db: z.string(),
  /** JSON text `["<last commit lsn>","<lsn>"]`, as Debezium writes it. */
  sequence: z.string(),
  schema: z.string(),
  table: z.string(),
  /** The transaction id as pgoutput sends it: 32 bits, without its epoch. */
  txId: z.union([z.number(), z.null()]),
  /** Log sequence number of the change, as an integer. */
  lsn: z.union([z.number(), z.bigint(), z.null()]),
  xmin: z.union([z.number(), z.null()]),
});
export type ChangeSource = z.infer<typeof changeSource>;

/** A row as the envelope encodes it: column name → encoded value. */
export const encodedRow = z.record(z.string(), z.json().or(z.bigint()));
export type EncodedRow = Record<string, import('./json.ts').JsonValue>;

export const changeValue = z.object({
  before: encodedRow.nullable(),
  after: encodedRow.nullable(),
  source: changeSource,
  op: operation,
  /** When the change was handed to the change log: milliseconds since the epoch. */
  ts_ms: z.number(),
  transaction: z.object({ id: z.string(), total_order: z.number(), data_collection_order: z.number() }).nullable(),
});
export interface ChangeValue extends Omit<z.infer<typeof changeValue>, 'before' | 'after'> {
  before: EncodedRow | null;
  after: EncodedRow | null;
}

/** What stands for a TOASTed value that the update did not touch: consumers keep the value they have. */
export const UNAVAILABLE_VALUE = '__debezium_unavailable_value';
