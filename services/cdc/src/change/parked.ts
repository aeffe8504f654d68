import { HEADER, PARKED } from '#contracts/topics/headers';
import type { Operation } from '#contracts/topics/change-event';
import type { ParkReason } from '#contracts/topics/parked';
import type { ChangeRecord } from './change-record.ts';

/** A change that can't be published as it is. */
export interface ParkedChange {
  /** The table's topic. */
  topic: string;
  key: Buffer | null;
  /** Headers of the event it would have been: its id and context. */
  headers: Readonly<Record<string, string>>;
  op: Operation;
  /** `source` of the envelope, JSON text. */
  source: string;
  reason: ParkReason;
  /** What went wrong, for people. Never a row's values. */
  message: string;
  /** Bytes of what was too large; null where size is not the reason. */
  bytes: number | null;
  /** What is kept in the dead-letter topic: an envelope, its large values perhaps left out; null for nothing. */
  value: Buffer | null;
}

/**
 * The letter in the dead-letter topic, then the marker that stands in the table's topic where the event would: a consumer holds the key until a later event
 * tells its row in full (contracts/topics/parked.ts).
 */
export function parkedRecords(deadLetterTopic: string, change: ParkedChange, nowMs: number): [letter: ChangeRecord, marker: ChangeRecord] {
  const { topic, key, headers, op, source, reason, message, bytes, value } = change;
  const size: Record<string, string> = bytes === null ? {} : { [PARKED.bytes]: String(bytes) };
  const { schema, table } = JSON.parse(source) as { schema: string; table: string };
  const about = { ...headers, [PARKED.reason]: reason, ...size, [PARKED.topic]: topic, [PARKED.table]: `${schema}.${table}`, [PARKED.message]: message };
  const parked = JSON.stringify({ reason, message, op, bytes, topic: deadLetterTopic });
  const marker = `{"before":null,"after":null,"source":${source},"op":"p","ts_ms":${nowMs},"transaction":null,"parked":${parked}}`;
  return [
    { topic: deadLetterTopic, key, value, headers: about },
    { topic, key, value: Buffer.from(marker), headers: { ...headers, [HEADER.parked]: reason } },
  ];
}

/** What an envelope says besides its rows, out of its text. Inside a string a quote follows a backslash, so the last such member is the envelope's own. */
export function endOfEnvelope(value: Buffer): { op: Operation; source: string } | null {
  const at = value.lastIndexOf(',"source":{"version":');
  if (at < 0) return null;
  const { op, source } = JSON.parse(`{${value.subarray(at + 1).toString('utf8')}`) as { op: Operation; source: unknown };
  const text = value.subarray(at + ',"source":'.length, value.lastIndexOf(',"op":"')).toString('utf8');
  return typeof source === 'object' && source !== null ? { op, source: text } : null;
}
