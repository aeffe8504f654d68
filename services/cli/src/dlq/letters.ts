import { HEADER, PARKED } from '#contracts/topics/headers';
import { deadLetterTopic } from '#contracts/topics/parked';
import type { ChangeLog, LogRecord, StoredRecord } from '#libs/changelog/change-log';

/** A change that was parked and is not dealt with. */
export interface Letter {
  /** Of the event that it would have been. */
  id: string;
  /** `schema.table`. */
  table: string;
  topic: string;
  /** JSON text; null for a key that is not known, or a table without one. */
  key: string | null;
  reason: string;
  message: string;
  bytes: number | null;
  parkedAtMs: number;
}

/** Every letter that nobody has dealt with, oldest first. A change that was parked twice, since capture was killed between, is one. */
export async function openLetters(changeLog: ChangeLog, prefix: string): Promise<Letter[]> {
  const topic = deadLetterTopic(prefix);
  const found = new Map<string, Letter>();
  for (const { partition, earliest } of await changeLog.bounds(topic)) {
    for await (const record of changeLog.read(topic, partition, earliest)) {
      const id = record.headers[HEADER.id] ?? '';
      if (record.headers[PARKED.state] === undefined) found.set(id, letterOf(id, record));
      else found.delete(id);
    }
  }
  return [...found.values()];
}

/** What ends a letter. */
export function closing(prefix: string, { id, key }: Letter, state: 'redriven' | 'gone'): LogRecord {
  return { topic: deadLetterTopic(prefix), key: key === null ? null : Buffer.from(key), value: null, headers: { [HEADER.id]: id, [PARKED.state]: state } };
}

function letterOf(id: string, { key, headers, timestampMs }: StoredRecord): Letter {
  const bytes = headers[PARKED.bytes];
  return {
    id,
    table: headers[PARKED.table] ?? '',
    topic: headers[PARKED.topic] ?? '',
    key: key?.toString('utf8') ?? null,
    reason: headers[PARKED.reason] ?? '',
    message: headers[PARKED.message] ?? '',
    bytes: bytes === undefined ? null : Number(bytes),
    parkedAtMs: timestampMs,
  };
}
