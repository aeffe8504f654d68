/**
 * Identity of a change event, the same at every redelivery: `(system_id, timeline, commit_lsn, ordinal)`.
 * As text: `<system_id>:<timeline>:<commit_lsn>:<ordinal>`, decimal but for the LSN, which is 16 hexadecimal digits,
 * so that ids of one timeline sort by position only within equal ordinal width: compare with `compareEventIds`, never as text.
 */
export interface EventId {
  /** `system_identifier` of the cluster, decimal. */
  systemId: string;
  timeline: number;
  /** LSN of the commit record. */
  commitLsn: bigint;
  /** Index of the change in its transaction, before any filter of ours (decisions.md 16). */
  ordinal: number;
}

const PATTERN = /^(\d{1,20}):(\d{1,10}):([0-9A-F]{16}):(\d{1,15})$/;

export function formatEventId(id: EventId): string {
  return `${id.systemId}:${id.timeline}:${id.commitLsn.toString(16).toUpperCase().padStart(16, '0')}:${id.ordinal}`;
}

/** Throws `TypeError` when the text is no event id. */
export function parseEventId(text: string): EventId {
  const match = PATTERN.exec(text);
  if (!match) throw new TypeError('not an event id: expected <system_id>:<timeline>:<commit_lsn>:<ordinal>');
  const [, systemId, timeline, lsn, ordinal] = match as unknown as [string, string, string, string, string];
  return { systemId, timeline: Number(timeline), commitLsn: BigInt(`0x${lsn}`), ordinal: Number(ordinal) };
}

/** Order in the stream: by timeline, commit LSN, ordinal. Negative, zero or positive. Ids of two clusters have no order: throws. */
export function compareEventIds(a: EventId, b: EventId): number {
  if (a.systemId !== b.systemId) throw new TypeError('event ids of two database clusters have no order');
  if (a.timeline !== b.timeline) return a.timeline - b.timeline;
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.ordinal - b.ordinal;
}
