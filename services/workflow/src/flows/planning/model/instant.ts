const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;

/** Microseconds since the epoch, of Postgres's or ISO 8601's text of a time with its offset; NaN for anything else. Exact: below 2^53 until the year 2255. */
export function parseInstant(text: string): number {
  const match = TIMESTAMP.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, sign, hours, minutes] = match;
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -60_000 : 60_000);
  return (local - offset) * 1000 + (fraction === undefined ? 0 : Number(fraction.padEnd(6, '0')));
}

/** Order of changes: by time, then by id as a number. */
export function compareChanges(left: { instant: number; id: string }, right: { instant: number; id: string }): number {
  return left.instant - right.instant || left.id.length - right.id.length || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}
