import type { RelationMessage } from '#libs/pgoutput/message';
import type { ValueEncoder } from './values/encoder.ts';
import type { TableSchema } from './table-schema.ts';
import type { TypeLookup } from './type-description.ts';
import { typeEncoder } from './values/type-encoder.ts';
import { type ValueWriter, writerOf } from './values/value-writer.ts';

/** A table as a Relation message described it, made ready for writing rows: what is constant per column is computed once. */
export interface Relation {
  schema: string;
  table: string;
  topic: string;
  /** `,"schema":…,"table":…` of the envelope's source. */
  sourceLabel: string;
  /** False: its changes are counted and not published (a filter of ours). */
  published: boolean;
  columns: readonly RelationColumn[];
  /** Positions of the key's columns, in the table's order; empty when there is no key. */
  key: readonly number[];
  /** Equal for two descriptions of rows that hold the same columns. */
  rowSignature: string;
  /** Equal for two descriptions by which the same row is written the same, its key included. */
  signature: string;
  description: TableSchema;
}

export interface RelationColumn {
  /** `"name":` */
  label: string;
  /** The same as bytes. */
  labelBytes: Buffer;
  /** Of values that come as strings, from a query. */
  encode: ValueEncoder;
  /** The same of values that come as bytes, from the stream. */
  write: ValueWriter;
}

/** What the catalogue adds to a Relation message. */
export interface RelationFacts {
  topic: string;
  published: boolean;
  types: TypeLookup;
  description: Pick<TableSchema, 'columns' | 'key'>;
}

export function relationOf(message: RelationMessage, facts: RelationFacts): Relation {
  const { columns, key: names } = facts.description;
  const key = message.columns.flatMap(({ name }, index) => (names.includes(name) ? [index] : []));
  const rowSignature = JSON.stringify([message.name, message.columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier])]);
  return {
    schema: schemaOf(message),
    table: message.name,
    topic: facts.topic,
    sourceLabel: sourceLabel(schemaOf(message), message.name),
    published: facts.published,
    columns: message.columns.map(({ name, typeOid, typeModifier }) => columnOf(name, typeEncoder(typeOid, typeModifier, facts.types))),
    key,
    rowSignature,
    signature: JSON.stringify([rowSignature, key]),
    description: { oid: message.oid, schema: schemaOf(message), table: message.name, columns, key: names },
  };
}

export function sourceLabel(schema: string, table: string): string {
  return `,"schema":${JSON.stringify(schema)},"table":${JSON.stringify(table)}`;
}

function columnOf(name: string, encode: ValueEncoder): RelationColumn {
  const label = `${JSON.stringify(name)}:`;
  return { label, labelBytes: Buffer.from(label), encode, write: writerOf(encode) };
}

/** pgoutput leaves the name of `pg_catalog` out. */
export function schemaOf(message: { schema: string }): string {
  return message.schema === '' ? 'pg_catalog' : message.schema;
}
