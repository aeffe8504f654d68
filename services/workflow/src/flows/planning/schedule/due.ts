import { nextSlot, slotsBetween, type Schedule } from './slots.ts';

export interface DueRequest {
  schedule: Schedule;
  /** The newest slot that was run, failed for good or skipped, or the moment the schedule was made: what came before is never due again. */
  lastDone: number;
  now: number;
  /** Slots older than this, in ms, are not caught up. */
  catchUpWindow: number;
}

export interface Due {
  /** To run, oldest first. All but the last are catch-up. */
  due: readonly number[];
  /** A stretch (after, until] with slots that were missed for longer than the window: to be recorded as skipped, as one. Its slots can still be backfilled. */
  missed: { after: number; until: number } | null;
}

/** Which slots are due. A clock that was set back finds none (they are done already), one that was set forward finds each slot in between once. */
export function dueSlots({ schedule, lastDone, now, catchUpWindow }: DueRequest): Due {
  const from = Math.max(lastDone, Math.min(now, now - catchUpWindow));
  const due = slotsBetween(schedule, from, now);
  const first = from > lastDone ? nextSlot(schedule, lastDone) : undefined;
  return { due, missed: first !== undefined && first <= from ? { after: lastDone, until: from } : null };
}

/** The slots in [from, until] that are not done: what a backfill runs, oldest first. */
export function backfillSlots(schedule: Schedule, from: number, until: number, done: ReadonlySet<number>): number[] {
  return slotsBetween(schedule, from - 1, until).filter((slot) => !done.has(slot));
}
