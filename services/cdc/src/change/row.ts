import type { Tuple, TupleValue } from '#libs/pgoutput/message';
import { Failure } from '#libs/failure/failure';
import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import type { Relation } from './relation.ts';

const UNAVAILABLE = JSON.stringify(UNAVAILABLE_VALUE);

/** A tuple of another width than its relation is a `protocol-violation` Failure. Called before anything reads it. */
export function expectWidth(relation: Relation, tuple: Tuple): void {
  if (tuple.length === relation.columns.length) return;
  const table = `${relation.schema}.${relation.table}`;
  throw new Failure('protocol-violation', `a row of ${tuple.length} values for ${table} with ${relation.columns.length} columns`);
}

/**
 * A row as JSON text. A value that was not sent is taken from `old` where that has it (REPLICA IDENTITY FULL), else it is the placeholder.
 */
export function rowJson(relation: Relation, tuple: Tuple, old?: Tuple): string {
  const { columns } = relation;
  let json = '{';
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as Relation['columns'][number];
    json += (index === 0 ? '' : ',') + column.label + valueJson(relation, index, known(tuple, old, index));
  }
  return `${json}}`;
}

/** The key as JSON text; null for a table without one. */
export function keyJson(relation: Relation, tuple: Tuple, old?: Tuple): string | null {
  if (relation.key.length === 0) return null;
  const parts = relation.key.map((index) => (relation.columns[index]?.label ?? '') + valueJson(relation, index, known(tuple, old, index)));
  return `{${parts.join(',')}}`;
}

/** A row of texts as a query gives them, as JSON text. */
export function textRowJson({ columns }: Relation, texts: readonly (string | null)[]): string {
  let json = '{';
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as Relation['columns'][number];
    const text = texts[index] ?? null;
    json += (index === 0 ? '' : ',') + column.label + (text === null ? 'null' : column.encode(text));
  }
  return `${json}}`;
}

/** The key of such a row; null for a table without one. */
export function textKeyJson({ columns, key }: Relation, texts: readonly (string | null)[]): string | null {
  if (key.length === 0) return null;
  const parts = key.map((index) => {
    const text = texts[index] ?? null;
    return (columns[index]?.label ?? '') + (text === null ? 'null' : (columns[index]?.encode(text) ?? 'null'));
  });
  return `{${parts.join(',')}}`;
}

function known(tuple: Tuple, old: Tuple | undefined, index: number): TupleValue {
  const value = tuple[index] as TupleValue;
  return value.kind === 'unchanged' && old?.[index] ? old[index] : value;
}

function valueJson(relation: Relation, index: number, value: TupleValue): string {
  switch (value.kind) {
    case 'text':
      return (relation.columns[index] as Relation['columns'][number]).encode(value.bytes.toString('utf8'));
    case 'null':
      return 'null';
    case 'unchanged':
      return UNAVAILABLE;
    case 'binary':
      throw new Failure('protocol-violation', 'a binary value although text was asked for');
    default:
      return value satisfies never;
  }
}

/** Whether an update moved the row to another key: only values that were sent can have changed. */
export function keyChanged(relation: Relation, old: Tuple, current: Tuple): boolean {
  return relation.key.some((index) => {
    const [before, after] = [old[index], current[index]];
    if (before === undefined || after === undefined || after.kind === 'unchanged' || before.kind === 'unchanged') return false;
    if (before.kind === 'null' || after.kind === 'null') return before.kind !== after.kind;
    return !before.bytes.equals(after.bytes);
  });
}
