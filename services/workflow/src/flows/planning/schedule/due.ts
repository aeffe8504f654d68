import { slotsBetween, type Schedule } from './slots.ts';

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
  /** Missed for longer than the window: to be recorded as skipped, oldest first. */
  missed: readonly number[];
}

/** Which slots are due. A clock set back finds none (they are done already), one set forward finds each slot in between once. */
export function dueSlots({ schedule, lastDone, now, catchUpWindow }: DueRequest): Due {
  const slots = slotsBetween(schedule, lastDone, now);
  return { due: slots.filter((slot) => slot >= now - catchUpWindow), missed: slots.filter((slot) => slot < now - catchUpWindow) };
}

/** The slots in [from, until] that are not done: what a backfill runs, oldest first. */
export function backfillSlots(schedule: Schedule, from: number, until: number, done: ReadonlySet<number>): number[] {
  return slotsBetween(schedule, from - 1, until).filter((slot) => !done.has(slot));
}
