import { UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import { Failure } from '#libs/failure/failure';
import type { OldTuple } from '#libs/pgoutput/message';
import { type Tuple, VALUE } from '#libs/pgoutput/tuple';
import type { JsonBytes } from './json-bytes.ts';
import type { Relation, RelationColumn } from './relation.ts';

const NULL = Buffer.from('null');
const UNAVAILABLE_TEXT = JSON.stringify(UNAVAILABLE_VALUE);
const UNAVAILABLE = Buffer.from(UNAVAILABLE_TEXT);
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** A tuple of another width than its relation is a `protocol-violation` Failure. Called before anything reads it. */
export function expectWidth(relation: Relation, tuple: Tuple): void {
  if (tuple.length === relation.columns.length) return;
  const table = `${relation.schema}.${relation.table}`;
  throw new Failure('protocol-violation', `a row of ${tuple.length} values for ${table} with ${relation.columns.length} columns`);
}

/** A row as JSON text. */
export function writeRow(out: JsonBytes, relation: Relation, tuple: Tuple, old: OldTuple | null = null): void {
  writeColumns(out, relation, relation.shown, tuple, old);
}

/** These columns as JSON text. A value that was not sent is taken from `old` where that has it, else it is the placeholder. */
export function writeColumns(out: JsonBytes, relation: Relation, positions: readonly number[], tuple: Tuple, old: OldTuple | null = null): void {
  out.byte(OPEN);
  for (let part = 0; part < positions.length; part += 1) {
    const index = positions[part] as number;
    const { labelBytes } = relation.columns[index] as RelationColumn;
    // The first without its comma.
    out.copy(labelBytes, part === 0 ? 1 : 0, labelBytes.length);
    writeValue(out, relation, index, tuple, old);
  }
  out.byte(CLOSE);
}

function writeValue(out: JsonBytes, relation: Relation, index: number, tuple: Tuple, old: OldTuple | null): void {
  const column = relation.columns[index] as RelationColumn;
  const source = tuple.kindAt(index) === VALUE.unchanged && old !== null && tells(relation, old, index) ? old.tuple : tuple;
  const kind = source.kindAt(index);
  if (kind === VALUE.text) column.write(out, source.bytes, source.startAt(index), source.endAt(index));
  else if (kind === VALUE.null) out.raw(NULL);
  else if (kind === VALUE.unchanged) out.raw(UNAVAILABLE);
  else throw new Failure('protocol-violation', 'a binary value although text was asked for');
}

/** Whether the old tuple has this value: of one that holds only the key, the null columns say nothing. */
function tells(relation: Relation, old: OldTuple, index: number): boolean {
  return old.kind === 'full' || relation.identity.includes(index);
}

/** A row of texts as a query gives them, as JSON text. `left`: positions whose values were not read, which get the placeholder. */
export function textRowJson(relation: Relation, texts: readonly (string | null)[], left?: ReadonlySet<number>): string {
  return textColumnsJson(relation, relation.shown, texts, left);
}

/** These columns of such a row, `key` or `identity`; null where there are none. */
export function textKeyJson(relation: Relation, positions: readonly number[], texts: readonly (string | null)[]): string | null {
  return positions.length === 0 ? null : textColumnsJson(relation, positions, texts);
}

function textColumnsJson({ columns }: Relation, positions: readonly number[], texts: readonly (string | null)[], left?: ReadonlySet<number>): string {
  // Put together at once: added up piece by piece, a row that waits would keep all its pieces.
  const parts = ['{'];
  for (const index of positions) {
    const column = columns[index] as RelationColumn;
    const text = texts[index] ?? null;
    const value = left?.has(index) ? UNAVAILABLE_TEXT : text === null ? 'null' : column.encode(text);
    parts.push(parts.length === 1 ? '' : ',', column.label, value);
  }
  parts.push('}');
  return parts.join('');
}

/** Whether an update moved the row to another key: only values that were sent can have changed. */
export function keyChanged(relation: Relation, old: Tuple, current: Tuple): boolean {
  return relation.key.some((index) => differs(old, current, index));
}

/** Whether an update filled a column that is being made, and changed nothing else: a rewrite is no change of the row. It can be told where the old row is whole. */
export function onlyRewritten(relation: Relation, old: OldTuple | null, current: Tuple): boolean {
  const { making, columns } = relation;
  if (making.length === 0 || old?.kind !== 'full') return false;
  return (
    columns.every((_column, index) => making.includes(index) || !differs(old.tuple, current, index)) &&
    making.some((index) => differs(old.tuple, current, index))
  );
}

/** A value that was not sent is the same. */
function differs(old: Tuple, current: Tuple, index: number): boolean {
  const [before, after] = [old.kindAt(index), current.kindAt(index)];
  if (before === VALUE.unchanged || after === VALUE.unchanged) return false;
  if (before === VALUE.null || after === VALUE.null) return before !== after;
  return old.bytes.compare(current.bytes, current.startAt(index), current.endAt(index), old.startAt(index), old.endAt(index)) !== 0;
}
