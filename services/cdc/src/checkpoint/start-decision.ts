import { formatLsn, type Lsn } from '#libs/pgoutput/lsn';
import type { FailureKind } from '#libs/failure/failure-kind';
import type { Position } from '../change/position.ts';
import type { Progress, StreamingProgress } from './progress.ts';

export interface StartSituation {
  progress: Progress | null;
  slot: { plugin: string; database: string; confirmed: Lsn; usable: boolean } | null;
  server: { systemId: string; timeline: number; walEnd: Lsn; database: string };
  fingerprint: string;
  /** CDC_ADOPT_POSITION: go on from where the slot is (or a new one begins), accepting that events may be missing. */
  adopt: boolean;
}

export type StartDecision =
  { action: 'create'; gap: string | null } | { action: 'stream'; from: Position; gap: string | null } | { action: 'stop'; kind: FailureKind; reason: string };

/** Where to begin (decisions.md 15, 16, 18). Whatever does not fit together stops: a position is never guessed. */
export function decideStart(situation: StartSituation): StartDecision {
  const { progress, slot, server } = situation;
  const unfit = unfitSlot(situation);
  if (unfit) return unfit;
  if (progress === null) return slot ? foreign(situation, 'the slot exists, but nothing is known of its progress') : { action: 'create', gap: null };
  const elsewhere = otherServer(progress, server);
  if (elsewhere) return foreign(situation, elsewhere);
  if (progress.state === 'creating') return slot ? { action: 'stream', from: fresh(slot.confirmed), gap: null } : { action: 'create', gap: null };
  if (!slot) return foreign(situation, `the slot is gone; progress had reached ${formatLsn(progress.position.end)}`);
  const ahead = aheadOf(progress, slot.confirmed, server.walEnd);
  if (ahead) return foreign(situation, ahead);
  return { action: 'stream', from: resumed(progress, situation.fingerprint), gap: null };
}

function unfitSlot({ slot, server }: StartSituation): StartDecision | null {
  if (!slot) return null;
  if (slot.plugin !== 'pgoutput')
    return { action: 'stop', kind: 'misconfigured', reason: `the slot uses the plugin ${slot.plugin}, not pgoutput: choose another CDC_SLOT` };
  if (slot.database !== server.database)
    return { action: 'stop', kind: 'misconfigured', reason: `the slot belongs to database ${slot.database}: choose another CDC_SLOT` };
  if (!slot.usable)
    return {
      action: 'stop',
      kind: 'position-lost',
      reason: 'the server has discarded WAL that the slot needs: drop the slot and start with CDC_ADOPT_POSITION=1',
    };
  return null;
}

function otherServer(progress: Progress, server: StartSituation['server']): string | null {
  if (progress.systemId !== server.systemId) return `progress is of database cluster ${progress.systemId}, this is ${server.systemId}`;
  if (progress.timeline !== server.timeline) return `progress is of timeline ${progress.timeline}, the server is on ${server.timeline}`;
  return null;
}

function aheadOf(progress: StreamingProgress, confirmed: Lsn, walEnd: Lsn): string | null {
  const { end } = progress.position;
  if (confirmed > end) return `the slot is at ${formatLsn(confirmed)}, ahead of the published progress ${formatLsn(end)}: someone else advanced it`;
  if (end > walEnd) return `progress ${formatLsn(end)} is ahead of the server's log, which ends at ${formatLsn(walEnd)}: was it restored from a backup?`;
  return null;
}

/** Only an operator's word carries on from here. */
function foreign({ slot, adopt }: StartSituation, reason: string): StartDecision {
  if (!adopt)
    return {
      action: 'stop',
      kind: 'position-lost',
      reason: `${reason}. CDC_ADOPT_POSITION=1 goes on from ${slot ? `the slot's position` : 'a new slot'}; events may be missing`,
    };
  return slot ? { action: 'stream', from: fresh(slot.confirmed), gap: reason } : { action: 'create', gap: reason };
}

export function fresh(end: Lsn): Position {
  return { end, lastCommit: null, open: null };
}

function resumed({ position, fingerprint }: StreamingProgress, current: string): Position {
  return fingerprint === current ? position : { ...position, open: null };
}
