/**
 * Dates and timestamps as integers: days, or microseconds, since 1970-01-01 in the proleptic Gregorian calendar, as Postgres counts them.
 * Infinity is beyond every other value.
 */
const INFINITY = 1n << 80n;
/** 4714-11-24 BC, where Postgres's calendar begins; first values that it no longer holds. */
const FIRST_DAY = daysFromCivil(-4713, 11, 24);
const END_OF_DATE = daysFromCivil(5_874_898, 1, 1);
const END_OF_TIMESTAMP = daysFromCivil(294_277, 1, 1);
const MICROS_PER_DAY = 86_400_000_000n;

const INPUT_DATE = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/;
const INPUT_TIMESTAMP = /^(\d{4,6})-(\d\d)-(\d\d)[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?(Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?( BC)?$/;
const ENCODED_DATE = /^([+-]?\d{4,7})-(\d\d)-(\d\d)Z$/;
const ENCODED_TIMESTAMP = /^([+-]?\d{4,6})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z$/;

/** A date in Postgres's ISO input form; undefined when it is none that both sides read alike. */
export function inputDate(text: string): bigint | undefined {
  const match = INPUT_DATE.exec(text);
  if (!match) return infinite(text);
  return inRange(days(yearOf(match[1], match[4]), match[2], match[3]), END_OF_DATE);
}

/** A timestamp in Postgres's ISO input form. With a zone exactly when `zoned`: without one it would depend on the session. */
export function inputTimestamp(text: string, zoned: boolean): bigint | undefined {
  const match = INPUT_TIMESTAMP.exec(text);
  if (!match) return infinite(text);
  if ((match[8] !== undefined) !== zoned) return undefined;
  const day = days(yearOf(match[1], match[9]), match[2], match[3]);
  const micros = day === undefined ? undefined : day * MICROS_PER_DAY + timeOfDay(match) - offset(match[8]);
  return inRange(micros, END_OF_TIMESTAMP * MICROS_PER_DAY, FIRST_DAY * MICROS_PER_DAY);
}

/** A date as envelope.md encodes it. */
export function encodedDate(text: string): bigint | undefined {
  const match = ENCODED_DATE.exec(text);
  return match ? days(Number(match[1]), match[2], match[3]) : infinite(text);
}

/** A timestamp, with or without zone, as envelope.md encodes it. */
export function encodedTimestamp(text: string): bigint | undefined {
  const match = ENCODED_TIMESTAMP.exec(text);
  if (!match) return infinite(text);
  const day = days(Number(match[1]), match[2], match[3]);
  return day === undefined ? undefined : day * MICROS_PER_DAY + timeOfDay(match);
}

function infinite(text: string): bigint | undefined {
  if (text === 'infinity') return INFINITY;
  return text === '-infinity' ? -INFINITY : undefined;
}

/** Astronomical year: 1 BC is 0. There is no year 0 in what Postgres reads. */
function yearOf(digits = '', bc?: string): number {
  const year = Number(digits);
  if (year === 0) return Number.NaN;
  return bc ? 1 - year : year;
}

function days(year: number, monthText = '', dayText = ''): bigint | undefined {
  const month = Number(monthText);
  const day = Number(dayText);
  if (Number.isNaN(year) || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return daysFromCivil(year, month, day);
}

function timeOfDay(match: RegExpExecArray): bigint {
  const seconds = Number(match[4]) * 3600 + Number(match[5]) * 60 + Number(match[6]);
  return BigInt(seconds) * 1_000_000n + BigInt((match[7] ?? '').padEnd(6, '0'));
}

function offset(zone: string | undefined): bigint {
  if (zone === undefined || zone === 'Z') return 0n;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return BigInt(zone.startsWith('-') ? -minutes : minutes) * 60_000_000n;
}

function inRange(value: bigint | undefined, end: bigint, first = FIRST_DAY): bigint | undefined {
  return value !== undefined && value >= first && value < end ? value : undefined;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
function daysFromCivil(year: number, month: number, day: number): bigint {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return BigInt(era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468);
}
