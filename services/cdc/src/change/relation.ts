import { Failure } from '#libs/failure/failure';
import type { RelationMessage } from '#libs/pgoutput/message';
import type { ColumnRule, ColumnRules } from './column-rules.ts';
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
  /** What is inserted into it is asked of capture. */
  signals: boolean;
  columns: readonly RelationColumn[];
  /** Positions of the columns that are published. */
  shown: readonly number[];
  /** Positions of columns that an edit of the table is making (`lakeloop:…`): nobody is told of them before they take their place. */
  making: readonly number[];
  /** Positions of the columns that tell the row from others, in the table's order; empty when there are none. */
  identity: readonly number[];
  /** Positions of the record key's columns: the identity, or what CDC_MESSAGE_KEYS says. */
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
  /** `,"name":` as bytes. */
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
  signals?: boolean;
  types: TypeLookup;
  description: Pick<TableSchema, 'columns' | 'key'>;
  /** Filters and masks of columns. */
  rules?: ColumnRules | undefined;
  /** Columns of the record's key, where it is another than the table's. */
  messageKey?: readonly string[] | undefined;
}

export function relationOf(message: RelationMessage, facts: RelationFacts): Relation {
  const { columns, key: names } = facts.description;
  const identity = message.columns.flatMap(({ name }, index) => (names.includes(name) ? [index] : []));
  const table = { schema: schemaOf(message), name: message.name };
  const rules = message.columns.map(({ name }) => (isMade(name) ? 'leave-out' : (facts.rules?.of(table, name) ?? 'publish')));
  const key = facts.messageKey ? messageKey(message, identity, facts.messageKey) : identity;
  if (facts.published) refuseHiddenKey(message, [...identity, ...key], rules);
  const rowSignature = JSON.stringify([message.name, message.columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier])]);
  return {
    schema: schemaOf(message),
    table: message.name,
    topic: facts.topic,
    sourceLabel: sourceLabel(schemaOf(message), message.name),
    published: facts.published,
    signals: facts.signals ?? false,
    columns: message.columns.map(({ name, typeOid, typeModifier }, index) => {
      const rule = rules[index];
      return columnOf(name, typeof rule === 'function' ? (text) => JSON.stringify(rule(text)) : typeEncoder(typeOid, typeModifier, facts.types));
    }),
    shown: rules.flatMap((rule, index) => (rule === 'leave-out' ? [] : [index])),
    making: message.columns.flatMap(({ name }, index) => (isMade(name) ? [index] : [])),
    identity,
    key,
    rowSignature,
    signature: JSON.stringify([rowSignature, key, identity]),
    description: { oid: message.oid, schema: schemaOf(message), table: message.name, columns: columns.filter(({ name }) => !isMade(name)), key: names },
  };
}

/** `lakeloop:…` is no name that a user gives. */
function isMade(name: string): boolean {
  return name.startsWith('lakeloop:');
}

export function sourceLabel(schema: string, table: string): string {
  return `,"schema":${JSON.stringify(schema)},"table":${JSON.stringify(table)}`;
}

function columnOf(name: string, encode: ValueEncoder): RelationColumn {
  const label = `${JSON.stringify(name)}:`;
  return { label, labelBytes: Buffer.from(`,${label}`), encode, write: writerOf(encode) };
}

/** pgoutput leaves the name of `pg_catalog` out. */
export function schemaOf(message: { schema: string }): string {
  return message.schema === '' ? 'pg_catalog' : message.schema;
}

/** Consumers find a row by its key: one that is hidden, or the same for all rows, would mix rows up. */
function refuseHiddenKey({ columns, name, ...message }: RelationMessage, key: readonly number[], rules: readonly ColumnRule[]): void {
  const hidden = key.find((index) => rules[index] !== 'publish');
  if (hidden === undefined) return;
  throw new Failure('misconfigured', hiddenKey(`${schemaOf(message)}.${name}.${columns[hidden]?.name}`, rules[hidden] ?? 'leave-out'));
}

/** What is wrong with a rule that hides this column. */
export function hiddenKey(column: string, rule: ColumnRule): string {
  const how = rule === 'leave-out' ? 'left out (CDC_COLUMNS_EXCLUDE, CDC_COLUMNS_INCLUDE)' : 'masked (CDC_COLUMNS_MASK)';
  return `${column} is of its table's key and can't be ${how}: publish it, or leave the table out`;
}

/** A delete tells only the replica identity's columns: a key of others would be null there. */
function messageKey(message: RelationMessage, identity: readonly number[], names: readonly string[]): number[] {
  const positions = names.map((name) => message.columns.findIndex((column) => column.name === name));
  const table = `${schemaOf(message)}.${message.name}`;
  const absent = names.find((_name, index) => positions[index] === -1);
  if (absent !== undefined) throw new Failure('misconfigured', `CDC_MESSAGE_KEYS: ${table} has no column ${absent}`);
  if (message.replicaIdentity !== 'full' && !positions.every((position) => identity.includes(position)))
    throw new Failure('misconfigured', `CDC_MESSAGE_KEYS: deletes of ${table} don't tell these columns; run ALTER TABLE ${table} REPLICA IDENTITY FULL`);
  return positions;
}
