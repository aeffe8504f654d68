import { Failure } from '#libs/failure/failure';

/** When runs are due: a cron pattern of five fields (six: seconds first) or a nickname like `@hourly`, in the wall clock of an IANA time zone. */
export interface Schedule {
  cron: string;
  timeZone: string;
}

/** The slots in (after, until], ordered: milliseconds since the epoch. A slot is an instant; the clock on the wall only says which. */
export function slotsBetween(_schedule: Schedule, _after: number, _until: number): number[] {
  throw new Failure('unsupported', 'slots are being built');
}
