import { Cron } from 'croner';
import { Failure } from '#libs/failure/failure';
import { WallClock, WIDEST_OFFSET } from './wall-clock.ts';

/** When runs are due: a cron pattern of five fields (six: seconds first) or a nickname like `@hourly`, in the wall clock of an IANA time zone. */
export interface Schedule {
  cron: string;
  timeZone: string;
}

/** A schedule that was found to be right. */
interface Parsed {
  /** Run in UTC, it enumerates wall times; what those mean in the zone is decided here. */
  pattern: Cron;
  everyHour: boolean;
  clock: WallClock;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};
const EVERY_HOUR = /^(\*|0-23)(\/1)?$/;
const MOST_KEPT = 100;
const kept = new Map<string, Parsed>();

/**
 * The slots in (after, until], ordered: milliseconds since the epoch. A slot is an instant; the clock on the wall only says which. Where the wall clock jumps:
 * - a pattern with every hour (`*`) goes by real hours: it has slots in both passes of an hour that comes twice, none for an hour that doesn't come;
 * - any other goes by the wall: each wall time it names has exactly one slot, the first pass of a time that comes twice, the end of the gap for a time (or a
 *   whole day) that doesn't come. Slots that so fall on one instant are one slot.
 * @throws Failure `invalid-input` saying what is wrong with the pattern or the zone.
 */
export function slotsBetween(schedule: Schedule, after: number, until: number): number[] {
  const { pattern, everyHour, clock } = parse(schedule);
  const slots = new Set<number>();
  let wall = pattern.nextRun(new Date(after - WIDEST_OFFSET));
  const last = until + WIDEST_OFFSET;
  while (wall !== null && wall.getTime() <= last) {
    for (const slot of slotsOf(clock, wall.getTime(), everyHour)) if (slot > after && slot <= until) slots.add(slot);
    wall = pattern.nextRun(wall);
  }
  return [...slots].sort((left, right) => left - right);
}

function slotsOf(clock: WallClock, wall: number, everyHour: boolean): number[] {
  const instants = clock.instants(wall);
  if (everyHour) return instants;
  return [instants[0] ?? clock.afterGap(wall)];
}

const HOUR = 3_600_000;
/** Growing, so that finding the next minute's slot costs little and one of a leap year's day is still found. */
const LOOKAHEAD = [HOUR, 24 * HOUR, 8 * 24 * HOUR, 40 * 24 * HOUR, 400 * 24 * HOUR, 30 * 366 * 24 * HOUR];

/** The first slot after an instant; undefined where none comes within thirty years. */
export function nextSlot(schedule: Schedule, after: number): number | undefined {
  for (const ahead of LOOKAHEAD) {
    const [first] = slotsBetween(schedule, after, after + ahead);
    if (first !== undefined) return first;
  }
  return undefined;
}

/** Refuses a pattern or zone that is wrong, or that never comes due. @throws Failure `invalid-input` */
export function assertSchedule(schedule: Schedule, now: number): void {
  if (nextSlot(schedule, now) === undefined) throw new Failure('invalid-input', `the cron pattern ${JSON.stringify(schedule.cron)} never comes due`);
}

function parse({ cron, timeZone }: Schedule): Parsed {
  const key = `${timeZone} ${cron}`;
  const there = kept.get(key);
  if (there !== undefined) return there;
  const text = NICKNAMES[cron.trim().toLowerCase()] ?? cron.trim();
  const fields = text.split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) throw wrong(cron, 'it needs five fields, or six with seconds first');
  const parsed = { pattern: patternOf(cron, text), everyHour: EVERY_HOUR.test(fields.at(-4) ?? ''), clock: new WallClock(timeZone) };
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, parsed);
  return parsed;
}

function patternOf(cron: string, text: string): Cron {
  try {
    return new Cron(text, { utcOffset: 0, paused: true });
  } catch (cause) {
    throw wrong(cron, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function wrong(cron: string, problem: string, cause?: unknown): Failure {
  return new Failure('invalid-input', `${JSON.stringify(cron)} is no cron pattern: ${problem}`, { cause });
}
