import type { Operation } from '#contracts/topics/change-event';
import type { ParkReason } from '#contracts/topics/parked';
import type { DeleteMessage, InsertMessage, OldTuple, UpdateMessage } from '#libs/pgoutput/message';
import { type Tuple, VALUE } from '#libs/pgoutput/tuple';
import type { ChangeRecord } from './change-record.ts';
import type { EnvelopeWriter, TransactionSource } from './envelope.ts';
import { parkedRecords } from './parked.ts';
import type { Relation } from './relation.ts';
import { keyChanged } from './row.ts';

export type RowMessage = InsertMessage | UpdateMessage | DeleteMessage;

/** Of a change over the limit: values that were left out while it was read. */
export interface SkippedValues {
  bytes: number;
  left: { old: number; new: number };
}

export interface Why {
  reason: ParkReason;
  bytes: number | null;
  message: string;
}

export interface Place {
  writer: EnvelopeWriter;
  deadLetterTopic: string;
  relation: Relation;
  source: TransactionSource;
  lsn: bigint;
  now: number;
  /** Takes the next ordinal. */
  nextHeaders: () => Readonly<Record<string, string>>;
}

/**
 * Records that park a change, under the ordinals that its events would have had. A move to another key parks both, since each is another row now than the
 * topic says.
 */
export function parkRow(place: Place, message: RowMessage, why: Why): ChangeRecord[] {
  const { writer, relation, source, lsn, now, deadLetterTopic, nextHeaders } = place;
  const old = message.type === 'insert' ? null : message.old;
  const moved = message.type === 'update' && old !== null && keyChanged(relation, old.tuple, message.new);
  const about = { topic: relation.topic, source: writer.source(relation, source, lsn), ...why };
  const records: ChangeRecord[] = [];
  if (moved) {
    const headers = nextHeaders();
    records.push(...parkedRecords(deadLetterTopic, { ...about, key: keyOrNull(place, old.tuple), headers, op: 'd', value: null }, now));
  }
  const headers = nextHeaders();
  const tuple = message.type === 'delete' ? message.old.tuple : message.new;
  const op = message.type === 'delete' ? 'd' : message.type === 'insert' || moved ? 'c' : 'u';
  const key = keyOrNull(place, tuple, message.type === 'update' ? old : null);
  const value = why.reason === 'row-too-large' ? restOf(place, tuple, op) : null;
  records.push(...parkedRecords(deadLetterTopic, { ...about, key, headers, op, value }, now));
  return records;
}

export function tooLarge({ bytes, left }: SkippedValues): Why {
  const message = `the change takes ${bytes} bytes, more than CDC_MAX_ROW_BYTES; ${left.new} of its values ${left.new === 1 ? 'was' : 'were'} left out`;
  return { reason: 'row-too-large', bytes, message };
}

/** What is left of the row, as an envelope. */
function restOf({ writer, relation, source, lsn, now }: Place, after: Tuple, op: Operation): Buffer | null {
  return orNull(() => writer.change(relation, { op, before: null, after, old: null }, source, lsn, now));
}

/** Null also for a key that is not known whole, or can't be written. */
function keyOrNull({ writer, relation }: Place, tuple: Tuple, old: OldTuple | null = null): Buffer | null {
  const unknown = (index: number): boolean => tuple.kindAt(index) === VALUE.unchanged && (old === null || old.tuple.kindAt(index) === VALUE.unchanged);
  return relation.key.some(unknown) ? null : orNull(() => writer.key(relation, tuple, old));
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
