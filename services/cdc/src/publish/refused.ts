import type { LogRecord, Refused } from '#libs/changelog/change-log';
import type { Clock } from '#libs/runtime/clock';
import { endOfEnvelope, parkedRecords } from '../change/parked.ts';

/**
 * Parks a change that the log refuses: its letter holds the whole event where the dead-letter topic takes it, else nothing but its headers. Any other record
 * that is refused is ours, and its failure is the session's.
 */
export function refusedRecords(deadLetterTopic: string, clock: Clock): Refused {
  return (record, failure) => {
    if (record.topic === deadLetterTopic && record.value !== null) return [{ ...record, value: null }];
    const end = record.value === null ? null : endOfEnvelope(record.value);
    if (!end || record.topic === deadLetterTopic) throw failure;
    return parkedRecords(deadLetterTopic, { ...record, ...end, reason: 'record-too-large', message: failure.message, bytes: sizeOf(record) }, clock.now());
  };
}

function sizeOf({ key, value }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
