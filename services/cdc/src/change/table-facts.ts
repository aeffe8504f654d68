import type { SchemaColumn } from '#contracts/topics/schema-change';
import type { Column, RelationMessage } from '#libs/pgoutput/message';
import { namesAlone, type TableSchema } from './table-schema.ts';

/** A table as the catalogue has it now, which may be later than what the stream is at. */
export interface TableFacts {
  columns: readonly ColumnFacts[];
  /** The primary key's columns; empty when there is none. */
  key: readonly string[];
  /** Low 32 bits of the transaction that made the primary key, or changed it last; null when there is none. */
  keyXid: number | null;
  /** Of each of the message's columns, in its order. */
  types: readonly { name: string; expression: string }[];
}

export interface ColumnFacts {
  name: string;
  attributeNumber: number;
  typeOid: number;
  typeModifier: number;
  optional: boolean;
  generated: boolean;
}

/** Under FULL every column is marked and under NOTHING none: only then the message does not tell the key. */
export function tellsKey(message: RelationMessage): boolean {
  return message.replicaIdentity === 'default' || message.replicaIdentity === 'index';
}

/** What is known of when a message's table was as it says. */
export interface Writing {
  /** Whether a transaction, by the low 32 bits of its id, was later. */
  isBefore: (xid: number) => boolean;
  /** The first description of the table in this session. The server sends the next one after a change of the table. */
  isFirst: boolean;
}

/**
 * Names of the key's columns at the time of writing, in the table's order. Where the message does not tell them: those of the catalogue, unless the table was
 * changed since (other columns, a primary key made later, or none any more) and what was told last still fits.
 */
export function keyNames(message: RelationMessage, now: TableFacts, last: TableSchema | undefined, writing: Writing): string[] {
  if (tellsKey(message)) return message.columns.filter(({ key }) => key).map(({ name }) => name);
  const keyChanged = now.keyXid === null ? writing.isFirst : writing.isBefore(now.keyXid);
  const changedSince = keyChanged || !matches(message.columns, now);
  const candidates = changedSince ? [last?.key, renamedKey(message, last), now.key] : [now.key];
  return inOrder(message, candidates.find((key) => key !== undefined && fits(message, key)) ?? []);
}

/** The columns as events have them. What only the catalogue knows is null where it has moved on. */
export function schemaColumns(message: RelationMessage, now: TableFacts, last: TableSchema | undefined): SchemaColumn[] {
  const current = matches(message.columns, now);
  const earlier = last && namesAlone(last.columns, message.columns) ? last.columns : undefined;
  const numbered = !current && onlyGrew(message.columns, now);
  return message.columns.map(({ name, typeOid, typeModifier }, index) => {
    const known = current ? now.columns.find((column) => column.name === name) : (earlier?.[index] ?? last?.columns.find((column) => column.name === name));
    const { attributeNumber = numbered ? index + 1 : null, optional = null, generated = null } = known ?? {};
    const type = now.types[index] ?? { name: '', expression: '' };
    return { name, position: index + 1, attributeNumber, typeName: type.name, typeExpression: type.expression, typeOid, typeModifier, optional, generated };
  });
}

/** Whether the catalogue has the message's columns as they are there. It may have more: a publication may leave columns out. */
function matches(columns: readonly Column[], now: TableFacts): boolean {
  return columns.every(({ name, typeOid, typeModifier }) =>
    now.columns.some((column) => column.name === name && column.typeOid === typeOid && column.typeModifier === typeModifier),
  );
}

/** Whether no column of the table was ever dropped, and the message had all that there were: then their places are their numbers, whatever they are called now. */
function onlyGrew(columns: readonly Column[], now: TableFacts): boolean {
  if (now.columns.length < columns.length || now.columns.some(({ attributeNumber, generated }, index) => generated || attributeNumber !== index + 1))
    return false;
  // A publication that leaves columns out shifts the others.
  return columns.every(({ name }, index) => [undefined, index + 1].includes(now.columns.find((column) => column.name === name)?.attributeNumber));
}

function fits({ columns }: RelationMessage, key: readonly string[]): boolean {
  return key.every((name) => columns.some((column) => column.name === name));
}

/** The key told last, where nothing but names changed since. */
function renamedKey({ columns }: RelationMessage, last: TableSchema | undefined): string[] | undefined {
  if (!last || !namesAlone(last.columns, columns)) return undefined;
  return last.columns.flatMap(({ name }, index) => (last.key.includes(name) ? [columns[index]?.name ?? ''] : []));
}

function inOrder({ columns }: RelationMessage, key: readonly string[]): string[] {
  return columns.filter(({ name }) => key.includes(name)).map(({ name }) => name);
}
