import { FAILURE_KINDS, type FailureKind } from '#libs/failure/failure-kind';

/** A parked job keeps one text: the kind of its failure and what happened. */
export function failedReason(kind: FailureKind, message: string): string {
  return `${kind}: ${message}`;
}

/** BullMQ writes reasons of its own too, for a job whose workers died too often. */
export function parseFailedReason(text: string): { kind: FailureKind; reason: string } {
  const [head = '', ...rest] = text.split(': ');
  const kind = FAILURE_KINDS.find((candidate) => candidate === head);
  return kind ? { kind, reason: rest.join(': ') } : { kind: 'poison-record', reason: text };
}
