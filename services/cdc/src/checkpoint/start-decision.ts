import type { GapReason } from '#contracts/topics/gap-event';
import { formatLsn, type Lsn } from '#libs/pgoutput/lsn';
import type { FailureKind } from '#libs/failure/failure-kind';
import type { Position } from '../change/position.ts';
import type { Gap, Progress, StreamingProgress } from './progress.ts';

export interface StartSituation {
  progress: Progress | null;
  /** `unusable`: why the server will not stream from it any more. */
  slot: { plugin: string; database: string; confirmed: Lsn; unusable: string | null } | null;
  server: {
    systemId: string;
    timeline: number;
    walEnd: Lsn;
    database: string;
    /** Where the server's history left the timeline of progress; null when that is the server's own, or none of its history. */
    switchedAt: Lsn | null;
  };
  /** Of the publication as it is now. */
  publicationOid: string;
  fingerprint: string;
  /** CDC_ADOPT_POSITION: go on from where the slot is (or a new one begins), accepting that events may be missing. */
  adopt: boolean;
}

export type StartDecision =
  | { action: 'create'; gap: Gap | null }
  /** Drop the slot first: it serves nobody any more. */
  | { action: 'recreate'; gap: Gap }
  | { action: 'stream'; from: Position; gap: Gap | null }
  | { action: 'stop'; kind: FailureKind; reason: string };

/** Where to begin (decisions.md 15, 16, 18). Whatever does not fit together stops: a position is never guessed. */
export function decideStart(situation: StartSituation): StartDecision {
  const { progress, slot } = situation;
  const unfit = unfitSlot(situation);
  if (unfit) return unfit;
  if (slot?.unusable) return lost(situation, slot.unusable);
  if (progress === null) return slot ? foreign(situation, 'progress-unknown', 'the slot exists, but nothing is known of its progress') : create(null);
  const elsewhere = otherServer(situation, progress);
  if (elsewhere) return foreign(situation, ...elsewhere);
  if (progress.state === 'creating') return slot ? { action: 'stream', from: fresh(slot.confirmed), gap: progress.gap } : create(progress.gap);
  const { end } = progress.position;
  if (!slot) return foreign(situation, 'slot-missing', `the slot is gone; progress had reached ${formatLsn(end)}`);
  const ahead = aheadOf(progress, slot.confirmed, situation.server);
  if (ahead) return foreign(situation, ...ahead);
  if (progress.publicationOid !== null && progress.publicationOid !== situation.publicationOid)
    return foreign(situation, 'publication-recreated', 'the publication was dropped and made anew; what was committed in between is not published');
  return { action: 'stream', from: resumed(progress, situation), gap: null };
}

function create(gap: Gap | null): StartDecision {
  return { action: 'create', gap };
}

function unfitSlot({ slot, server }: StartSituation): StartDecision | null {
  if (!slot) return null;
  if (slot.plugin !== 'pgoutput')
    return { action: 'stop', kind: 'misconfigured', reason: `the slot uses the plugin ${slot.plugin}, not pgoutput: choose another CDC_SLOT` };
  if (slot.database !== server.database)
    return { action: 'stop', kind: 'misconfigured', reason: `the slot belongs to database ${slot.database}: choose another CDC_SLOT` };
  return null;
}

function lost(situation: StartSituation, why: string): StartDecision {
  const detail = `the server invalidated the slot: ${why}`;
  if (situation.adopt) return { action: 'recreate', gap: gapOf(situation, 'slot-lost', detail) };
  return { action: 'stop', kind: 'position-lost', reason: `${detail}. CDC_ADOPT_POSITION=1 drops it and goes on from a new one; events are missing` };
}

/** A server that continues the timeline of progress from behind all that was published is the same one, promoted. */
function otherServer({ server }: StartSituation, progress: Progress): [GapReason, string] | null {
  if (progress.systemId !== server.systemId)
    return ['other-server', `progress is of database cluster ${progress.systemId}, this is ${server.systemId}: point DATABASE_URL at the first`];
  if (progress.timeline === server.timeline) return null;
  const between = `progress is of timeline ${progress.timeline}, the server is on ${server.timeline}`;
  if (progress.timeline > server.timeline) return ['other-timeline', `${between}: an old primary? Point DATABASE_URL at the new one`];
  if (server.switchedAt === null) return ['other-timeline', `${between} and its history does not have the other`];
  if (progress.state === 'creating' || isWithin(progress.position, server.switchedAt)) return null;
  return [
    'other-timeline',
    `${between}, which left it at ${formatLsn(server.switchedAt)}; a commit that reaches ${formatLsn(newestPublished(progress.position))} was published that this server does not have`,
  ];
}

/** Where the newest transaction of which anything is out is known to reach. */
function newestPublished({ lastCommit, open }: Position): Lsn {
  return open?.commitLsn ?? lastCommit ?? (0n as Lsn);
}

/** Whether all of which anything is out was committed before the log was left at `switchedAt`. An open transaction's commit is told by where it begins. */
function isWithin(position: Position, switchedAt: Lsn): boolean {
  return position.open ? position.open.commitLsn < switchedAt : newestPublished(position) <= switchedAt;
}

function aheadOf(progress: StreamingProgress, confirmed: Lsn, server: StartSituation['server']): [GapReason, string] | null {
  const { end } = progress.position;
  if (confirmed > end)
    return ['slot-advanced', `the slot is at ${formatLsn(confirmed)}, ahead of the published progress ${formatLsn(end)}: someone else advanced it`];
  if (server.switchedAt === null && end > server.walEnd)
    return [
      'server-behind',
      `progress ${formatLsn(end)} is ahead of the server's log, which ends at ${formatLsn(server.walEnd)}: was it restored from a backup?`,
    ];
  return null;
}

/** Only an operator's word carries on from here. */
function foreign(situation: StartSituation, reason: GapReason, detail: string): StartDecision {
  const { slot, adopt } = situation;
  if (!adopt)
    return {
      action: 'stop',
      kind: 'position-lost',
      reason: `${detail}. CDC_ADOPT_POSITION=1 goes on from ${slot ? `the slot's position` : 'a new slot'}; events may be missing`,
    };
  const gap = gapOf(situation, reason, detail);
  return slot ? { action: 'stream', from: fresh(adopted(reason, slot.confirmed, situation.server.walEnd)), gap } : create(gap);
}

/** The server can't decode what was written without a publication, so behind a new one it goes on from now. */
function adopted(reason: GapReason, slot: Lsn, walEnd: Lsn): Lsn {
  return reason === 'publication-recreated' ? walEnd : slot;
}

function gapOf({ progress }: StartSituation, reason: GapReason, detail: string): Gap {
  return { reason, detail, from: progress?.state === 'streaming' ? progress.position.end : null };
}

export function fresh(end: Lsn): Position {
  return { end, lastCommit: null, open: null };
}

/** Idle positions beyond the switch point are of a log that is no more; nothing was published of them. */
function resumed({ position, fingerprint }: StreamingProgress, { fingerprint: current, server: { switchedAt } }: StartSituation): Position {
  const end = switchedAt !== null && position.end > switchedAt ? switchedAt : position.end;
  return { ...position, end, open: fingerprint === current ? position.open : null };
}
