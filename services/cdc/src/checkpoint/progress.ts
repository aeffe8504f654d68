import type { GapReason } from '#contracts/topics/gap-event';
import { progressRecord } from '#contracts/topics/progress-record';
import { formatLsn, type Lsn, parseLsn } from '#libs/pgoutput/lsn';
import type { Position } from '../change/position.ts';

/**
 * What the progress topic says of a slot: everything up to `position` is in the change log. `creating` is written before the slot is made,
 * so that a slot found without progress is known to be someone else's.
 */
export type Progress = CreatingProgress | StreamingProgress;

export interface CreatingProgress {
  state: 'creating';
  systemId: string;
  timeline: number;
  /** What the new slot comes after, to be told once it is there; null for a first one. */
  gap: Gap | null;
}

/** Events may be missing from `from` (null: not known) to wherever capture goes on. */
export interface Gap {
  reason: GapReason;
  /** For a person. */
  detail: string;
  from: Lsn | null;
}

export interface StreamingProgress {
  state: 'streaming';
  systemId: string;
  timeline: number;
  position: Position;
  /** What decides which messages a transaction has: a count inside a transaction holds only under the same. */
  fingerprint: string;
  /** Of the publication: another one of the same name did not publish what was committed before it was made. Null in records of before it was noted. */
  publicationOid: string | null;
}

export function formatProgress(progress: Progress): string {
  const { state, systemId, timeline } = progress;
  if (state === 'creating') {
    const gap = progress.gap && { ...progress.gap, from: progress.gap.from && formatLsn(progress.gap.from) };
    return JSON.stringify({ version: 1, state, systemId, timeline, gap });
  }
  const { end, lastCommit, open } = progress.position;
  return JSON.stringify({
    version: 1,
    state,
    systemId,
    timeline,
    end: formatLsn(end),
    lastCommit: lastCommit === null ? null : formatLsn(lastCommit),
    open: open && { commitLsn: formatLsn(open.commitLsn), changes: open.changes },
    fingerprint: progress.fingerprint,
    publicationOid: progress.publicationOid,
  });
}

/** Throws on text that is no progress record of this version. */
export function parseProgress(text: string): Progress {
  const record = progressRecord.parse(JSON.parse(text));
  const { systemId, timeline } = record;
  if (record.state === 'creating') return { state: 'creating', systemId, timeline, gap: record.gap && { ...record.gap, from: orNull(record.gap.from) } };
  const { open, fingerprint, publicationOid } = record;
  const position = {
    end: parseLsn(record.end),
    lastCommit: orNull(record.lastCommit),
    open: open && { commitLsn: parseLsn(open.commitLsn), changes: open.changes },
  };
  return { state: 'streaming', systemId, timeline, position, fingerprint, publicationOid };
}

function orNull(text: string | null): Lsn | null {
  return text === null ? null : parseLsn(text);
}
