import { type ChangeSource, type EncodedRow, UNAVAILABLE_VALUE } from '#contracts/topics/change-event';
import { HEADER } from '#contracts/topics/headers';
import { parseJson } from '#contracts/topics/json';
import type { ParkedMarker } from '#contracts/topics/parked';

interface Common {
  /** Identity of the event, the same at every redelivery; compare with `compareEventIds`. */
  id: string;
  /** Key columns; null for a table without a key, and for `t`. */
  key: EncodedRow | null;
  topic: string;
  partition: number;
  /** In its partition, decimal. */
  offset: string;
  /** Commit time, ms since the epoch. */
  committedMs: number;
  source: ChangeSource;
  /** `traceparent`, `actor`, … (contracts/topics/headers.ts). */
  headers: Readonly<Record<string, string>>;
}

/**
 * A record of a change topic, read. `u`: `after` lacks the columns of `unchanged`, large values that the update did not touch and the server did not send: keep the
 * ones you have (`{ ...old, ...change.after }`). `before` is there under REPLICA IDENTITY FULL, else null or the key alone. `p`: the change was parked: the row is another
 * now, and this topic does not say what; hold it until an event tells it in full.
 */
export type TopicChange<Row> =
  | (Common & { op: 'c' | 'r'; after: Row })
  | (Common & { op: 'u'; before: Partial<Row> | null; after: Partial<Row>; unchanged: (keyof Row & string)[] })
  | (Common & { op: 'd'; before: Partial<Row> | null })
  | (Common & { op: 't' })
  | (Common & { op: 'p'; parked: ParkedMarker['parked'] });

/** A record as Kafka clients have it. */
export interface KafkaRecord {
  offset: string;
  key: Buffer | null;
  value: Buffer | null;
  headers?: Readonly<Record<string, unknown>> | undefined;
}

interface Envelope {
  op: string;
  before: EncodedRow | null;
  after: EncodedRow | null;
  source: ChangeSource;
  parked?: ParkedMarker['parked'];
}

/** Null for a tombstone, which says nothing that the delete before it did not. Throws `SyntaxError` or `TypeError` for what is no change event. */
export function readTopicChange<Row>(topic: string, partition: number, record: KafkaRecord): TopicChange<Row> | null {
  if (record.value === null) return null;
  const { op, before, after, source, parked } = parseJson(record.value.toString('utf8')) as unknown as Envelope;
  if (typeof source !== 'object' || source === null) throw new TypeError('not a change event: no source');
  const headers = textHeaders(record.headers ?? {});
  const key = record.key === null ? null : (parseJson(record.key.toString('utf8')) as EncodedRow);
  const common = { id: headers[HEADER.id] ?? '', key, topic, partition, offset: record.offset, committedMs: source.ts_ms, source, headers };
  switch (op) {
    case 'c':
    case 'r':
      return { ...common, op, after: present(after) as Row };
    case 'u': {
      const row = present(after);
      const unchanged = Object.keys(row).filter((column) => row[column] === UNAVAILABLE_VALUE);
      return { ...common, op, before: known<Row>(before), after: known<Row>(row) ?? {}, unchanged: unchanged as (keyof Row & string)[] };
    }
    case 'd':
      return { ...common, op, before: known<Row>(before) };
    case 't':
      return { ...common, op };
    case 'p':
      if (parked === undefined) throw new TypeError('not a change event: a marker without its reason');
      return { ...common, op, parked };
    default:
      throw new TypeError(`not a change event: operation ${JSON.stringify(op)}`);
  }
}

function present(row: EncodedRow | null): EncodedRow {
  if (row === null) throw new TypeError('not a change event: no row');
  return row;
}

function known<Row>(row: EncodedRow | null): Partial<Row> | null {
  return row && (Object.fromEntries(Object.entries(row).filter(([, value]) => value !== UNAVAILABLE_VALUE)) as Partial<Row>);
}

function textHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(Array.isArray(value) ? value[0] : value)]));
}
