import type { RelationMessage } from '#libs/pgoutput/message';
import type { ValueEncoder } from './values/encoder.ts';
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
  /** Equal for two descriptions by which the same row is written the same. */
  signature: string;
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
  /** The primary key's columns as of now: asked for only where the message doesn't tell them. */
  primaryKey: readonly string[];
}

export function relationOf(message: RelationMessage, facts: RelationFacts): Relation {
  const key = keyOf(message, facts.primaryKey);
  return {
    schema: schemaOf(message),
    table: message.name,
    topic: facts.topic,
    sourceLabel: `,"schema":${JSON.stringify(schemaOf(message))},"table":${JSON.stringify(message.name)}`,
    published: facts.published,
    columns: message.columns.map(({ name, typeOid, typeModifier }) => columnOf(name, typeEncoder(typeOid, typeModifier, facts.types))),
    key,
    signature: JSON.stringify([message.name, message.columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier]), key]),
  };
}

function columnOf(name: string, encode: ValueEncoder): RelationColumn {
  const label = `${JSON.stringify(name)}:`;
  return { label, labelBytes: Buffer.from(label), encode, write: writerOf(encode) };
}

/** pgoutput leaves the name of `pg_catalog` out. */
export function schemaOf(message: { schema: string }): string {
  return message.schema === '' ? 'pg_catalog' : message.schema;
}

/** Under FULL every column is marked and under NOTHING none: only then the primary key is looked up. */
export function needsPrimaryKey(message: RelationMessage): boolean {
  return message.replicaIdentity === 'full' || message.replicaIdentity === 'nothing';
}

/** In the table's column order, so that the same row has the same key text whichever way its columns became known. */
function keyOf(message: RelationMessage, primaryKey: readonly string[]): number[] {
  const positions = message.columns.map((_column, index) => index);
  if (!needsPrimaryKey(message)) return positions.filter((index) => message.columns[index]?.key);
  const found = positions.filter((index) => primaryKey.includes(message.columns[index]?.name ?? ''));
  return found.length === primaryKey.length ? found : [];
}
