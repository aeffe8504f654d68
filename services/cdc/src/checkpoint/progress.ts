import { formatLsn, parseLsn } from '#libs/pgoutput/lsn';
import { z } from 'zod';
import type { Position } from '../change/position.ts';

/**
 * What the progress topic says of a slot: everything up to `position` is in the change log. `creating` is written before the slot is made,
 * so that a slot found without progress is known to be someone else's.
 */
export type Progress = { state: 'creating'; systemId: string; timeline: number } | StreamingProgress;

export interface StreamingProgress {
  state: 'streaming';
  systemId: string;
  timeline: number;
  position: Position;
  /** What decides which messages a transaction has: a count inside a transaction holds only under the same. */
  fingerprint: string;
}

const lsn = z.string().transform((text) => parseLsn(text));
const identity = { version: z.literal(1), systemId: z.string(), timeline: z.number().int() };
const schema = z.discriminatedUnion('state', [
  z.object({ ...identity, state: z.literal('creating') }),
  z.object({
    ...identity,
    state: z.literal('streaming'),
    end: lsn,
    lastCommit: lsn.nullable(),
    open: z.object({ commitLsn: lsn, changes: z.number().int().min(0) }).nullable(),
    fingerprint: z.string(),
  }),
]);

export function formatProgress(progress: Progress): string {
  const { state, systemId, timeline } = progress;
  if (state === 'creating') return JSON.stringify({ version: 1, state, systemId, timeline });
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
  });
}

/** Throws on text that is no progress record of this version. */
export function parseProgress(text: string): Progress {
  const record = schema.parse(JSON.parse(text));
  const { systemId, timeline } = record;
  if (record.state === 'creating') return { state: 'creating', systemId, timeline };
  const { end, lastCommit, open, fingerprint } = record;
  return { state: 'streaming', systemId, timeline, position: { end, lastCommit, open }, fingerprint };
}
