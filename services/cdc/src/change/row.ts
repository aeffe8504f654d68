import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import { Failure } from '#libs/failure/failure';
import type { OldTuple } from '#libs/pgoutput/message';
import { type Tuple, VALUE } from '#libs/pgoutput/tuple';
import type { JsonBytes } from './json-bytes.ts';
import type { Relation, RelationColumn } from './relation.ts';

const NULL = Buffer.from('null');
const UNAVAILABLE = Buffer.from(JSON.stringify(UNAVAILABLE_VALUE));
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;

/** A tuple of another width than its relation is a `protocol-violation` Failure. Called before anything reads it. */
export function expectWidth(relation: Relation, tuple: Tuple): void {
  if (tuple.length === relation.columns.length) return;
  const table = `${relation.schema}.${relation.table}`;
  throw new Failure('protocol-violation', `a row of ${tuple.length} values for ${table} with ${relation.columns.length} columns`);
}

/** A row as JSON text. A value that was not sent is taken from `old` where that has it, else it is the placeholder. */
export function writeRow(out: JsonBytes, relation: Relation, tuple: Tuple, old: OldTuple | null = null): void {
  const { columns } = relation;
  out.byte(OPEN);
  for (let index = 0; index < columns.length; index += 1) {
    if (index > 0) out.byte(COMMA);
    writeColumn(out, relation, index, tuple, old);
  }
  out.byte(CLOSE);
}

/** The key as JSON text, of a table that has one. */
export function writeKey(out: JsonBytes, relation: Relation, tuple: Tuple, old: OldTuple | null = null): void {
  const { key } = relation;
  out.byte(OPEN);
  for (let part = 0; part < key.length; part += 1) {
    if (part > 0) out.byte(COMMA);
    writeColumn(out, relation, key[part] as number, tuple, old);
  }
  out.byte(CLOSE);
}

function writeColumn(out: JsonBytes, relation: Relation, index: number, tuple: Tuple, old: OldTuple | null): void {
  const column = relation.columns[index] as RelationColumn;
  out.raw(column.labelBytes);
  const source = tuple.kindAt(index) === VALUE.unchanged && old !== null && tells(relation, old, index) ? old.tuple : tuple;
  const kind = source.kindAt(index);
  if (kind === VALUE.text) column.write(out, source.bytes, source.startAt(index), source.endAt(index));
  else if (kind === VALUE.null) out.raw(NULL);
  else if (kind === VALUE.unchanged) out.raw(UNAVAILABLE);
  else throw new Failure('protocol-violation', 'a binary value although text was asked for');
}

/** Whether the old tuple has this value: of one that holds only the key, the null columns say nothing. */
function tells(relation: Relation, old: OldTuple, index: number): boolean {
  return old.kind === 'full' || relation.key.includes(index);
}

/** A row of texts as a query gives them, as JSON text. */
export function textRowJson({ columns }: Relation, texts: readonly (string | null)[]): string {
  let json = '{';
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as RelationColumn;
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

/** Whether an update moved the row to another key: only values that were sent can have changed. */
export function keyChanged(relation: Relation, old: Tuple, current: Tuple): boolean {
  return relation.key.some((index) => {
    const [before, after] = [old.kindAt(index), current.kindAt(index)];
    if (before === VALUE.unchanged || after === VALUE.unchanged) return false;
    if (before === VALUE.null || after === VALUE.null) return before !== after;
    return old.bytes.compare(current.bytes, current.startAt(index), current.endAt(index), old.startAt(index), old.endAt(index)) !== 0;
  });
}
