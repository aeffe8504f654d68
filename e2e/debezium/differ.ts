import { type JsonValue, stringifyJson } from '#contracts/topics/json';
import type { Captured } from './captured.ts';

/** One thing in which two captures of the same history differ. What a side does not have is undefined; the rest is JSON text. */
export interface Difference {
  /** The topic behind its prefix. */
  topic: string;
  /** `topic`, `event`, `order`, `key`, `before.<column>`, `after.<column>`, `source.<field>`, `header.<name>`, … */
  field: string;
  /** Of the event; `-` for a tombstone, empty where no single event is meant. */
  op: string;
  /** Of the column, as the catalogue has it. */
  type: string;
  ours: string | undefined;
  theirs: string | undefined;
}

type Topics = ReadonlyMap<string, readonly Captured[]>;

/** All differences, topic by topic. `typeOf` tells a column's type. */
export function differences(ours: Topics, theirs: Topics, typeOf: (topic: string, column: string) => string): Difference[] {
  return [...new Set([...ours.keys(), ...theirs.keys()])].toSorted().flatMap((topic) => {
    const [a, b] = [ours.get(topic), theirs.get(topic)];
    if (a && b) return [...eventDifferences(topic, a, b, (column) => typeOf(topic, column))];
    return [{ topic, field: 'topic', op: '', type: '', ours: a && `${a.length} records`, theirs: b && `${b.length} records` }];
  });
}

function* eventDifferences(topic: string, ours: readonly Captured[], theirs: readonly Captured[], typeOf: (column: string) => string): Iterable<Difference> {
  const [a, b] = [identified(ours), identified(theirs)];
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [one, other] = [a.get(id), b.get(id)];
    const at = { topic, op: (one ?? other)?.value?.op ?? '-' };
    if (!one || !other) yield { ...at, field: 'event', type: '', ours: one && briefly(one), theirs: other && briefly(other) };
    else for (const { column, ...rest } of recordDifferences(one, other)) yield { ...at, type: column === undefined ? '' : typeOf(column), ...rest };
  }
  // A snapshot's rows come beside the stream or before it; the stream itself has one order.
  const common = (side: Map<string, Captured>, other: Map<string, Captured>): string =>
    [...side.keys()].filter((id) => other.has(id) && !id.startsWith('r ')).join(', ');
  const [left, right] = [common(a, b), common(b, a)];
  if (left !== right) yield { topic, field: 'order', op: '', type: '', ours: left, theirs: right };
}

/**
 * Events by what they are about, so that one that is missing does not make all that follow it different: a snapshot's row is known by its
 * id or all of it, a change by its position in the log, a tombstone by the event before it.
 */
function identified(records: readonly Captured[]): Map<string, Captured> {
  const found = new Map<string, Captured>();
  let last = '';
  for (const record of records) {
    const { value } = record;
    const about = value === null ? `${last} tombstone` : value.op === 'r' ? `r ${text(value.after?.['id'] ?? value.after)}` : `${value.source.lsn} ${value.op}`;
    let id = about;
    for (let again = 2; found.has(id); again += 1) id = `${about} (${again})`;
    found.set(id, record);
    if (value !== null) last = id;
  }
  return found;
}

type FieldDifference = Pick<Difference, 'field' | 'ours' | 'theirs'> & { column?: string };

function* recordDifferences(one: Captured, other: Captured): Iterable<FieldDifference> {
  if (text(one.key) !== text(other.key)) yield { field: 'key', ours: text(one.key), theirs: text(other.key) };
  yield* objectDifferences('header.', one.headers, other.headers);
  if (!one.value || !other.value) return;
  for (const field of ['before', 'after'] as const) {
    const [left, right] = [one.value[field], other.value[field]];
    if (left && right) {
      for (const difference of objectDifferences(`${field}.`, left, right)) yield { ...difference, column: difference.field.slice(field.length + 1) };
      if (Object.keys(left).join() !== Object.keys(right).join() && Object.keys(left).toSorted().join() === Object.keys(right).toSorted().join())
        yield { field: `order of ${field}`, ours: Object.keys(left).join(), theirs: Object.keys(right).join() };
    } else if (left !== right) yield { field, ours: text(left), theirs: text(right) };
  }
  yield* objectDifferences('source.', { ...one.value.source }, { ...other.value.source });
  if (text(one.value.transaction) !== text(other.value.transaction))
    yield { field: 'transaction', ours: text(one.value.transaction), theirs: text(other.value.transaction) };
}

function* objectDifferences(prefix: string, one: Readonly<Record<string, JsonValue>>, other: Readonly<Record<string, JsonValue>>): Iterable<FieldDifference> {
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const [left, right] = [one[name], other[name]].map((value) => (value === undefined ? undefined : text(value)));
    if (left !== right) yield { field: prefix + name, ours: left, theirs: right };
  }
}

function briefly({ key, value }: Captured): string {
  return value === null ? `tombstone of ${text(key)}` : `${value.op} ${text(value.after ?? value.before)}`;
}

function text(value: JsonValue): string {
  return stringifyJson(value);
}
