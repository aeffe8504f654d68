import { asText, type ValueEncoder } from './encoder.ts';

const DATE = /^(\d{4,})-(\d\d)-(\d\d)$/;

/** ISO 8601 date of PostgreSQL's `YYYY-MM-DD`, `before` Christ or not; null when it is none. 1 BC is year 0. */
function isoDate(text: string, before: boolean): string | null {
  const match = DATE.exec(text);
  if (!match) return null;
  const [, digits = '', month = '', day = ''] = match;
  if (!before) return digits.length > 4 ? `+${text}` : text;
  const year = BigInt(digits) - 1n;
  return `${year === 0n ? '' : '-'}${year.toString().padStart(4, '0')}-${month}-${day}`;
}

function splitEra(text: string): [string, boolean] {
  return text.endsWith(' BC') ? [text.slice(0, -3), true] : [text, false];
}

/** `infinity` and `-infinity` stay as they are. */
export const asDate: ValueEncoder = (text) => {
  const [rest, before] = splitEra(text);
  const date = isoDate(rest, before);
  return date === null ? asText(text) : `"${date}Z"`;
};

/** The server leaves trailing zeros of a second's fraction out already. */
export const asTime: ValueEncoder = (text) => (/^\d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? `"${text}Z"` : asText(text));

export const asTimestamp: ValueEncoder = (text) => {
  const [rest, before] = splitEra(text);
  const space = rest.indexOf(' ');
  const date = space === -1 ? null : isoDate(rest.slice(0, space), before);
  return date === null ? asText(text) : `"${date}T${rest.slice(space + 1)}Z"`;
};

/** In UTC (the session's time zone), with as many digits as the column has: none given means six. The same function for the same number of digits. */
export function timestamptzEncoder(typeModifier: number): ValueEncoder {
  return BY_DIGITS[timestamptzDigits(typeModifier)] as ValueEncoder;
}

export function timestamptzDigits(typeModifier: number): number {
  return typeModifier >= 0 && typeModifier <= 6 ? typeModifier : 6;
}

const BY_DIGITS = Array.from(
  { length: 7 },
  (_value, digits): ValueEncoder =>
    (text) =>
      asTimestamptz(text, digits),
);

function asTimestamptz(text: string, digits: number): string {
  const [rest, before] = splitEra(text);
  const space = rest.indexOf(' ');
  const date = space === -1 ? null : isoDate(rest.slice(0, space), before);
  const match = date === null ? null : /^(\d\d:\d\d:\d\d)(?:\.(\d+))?\+00$/.exec(rest.slice(space + 1));
  if (!match) return asText(text);
  const fraction = (match[2] ?? '').padEnd(digits, '0');
  return `"${date}T${match[1]}${fraction === '' ? '' : `.${fraction}`}Z"`;
}

const TIMETZ = /^(\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;
const DAY = 86_400;

/** In UTC; 24:00 in UTC stays 24:00. */
export const asTimetz: ValueEncoder = (text) => {
  const match = TIMETZ.exec(text);
  if (!match) return asText(text);
  const [, hour, minute, second, fraction = '', sign, zoneHour, zoneMinute = '0', zoneSecond = '0'] = match;
  const local = seconds(hour, minute, second);
  const zone = seconds(zoneHour, zoneMinute, zoneSecond) * (sign === '-' ? -1 : 1);
  const utc = zone === 0 ? local : (((local - zone) % DAY) + DAY) % DAY;
  return `"${two(Math.trunc(utc / 3600))}:${two(Math.trunc(utc / 60) % 60)}:${two(utc % 60)}${fraction}Z"`;
};

function seconds(hours: string | undefined, minutes: string | undefined, rest: string | undefined): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const INTERVAL = /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d)(\.\d+)?)?$/;

/** Every part, always, each with its own sign; hours are not carried into days. Read in IntervalStyle `postgres`. */
export const asInterval: ValueEncoder = (text) => {
  const match = text === '' ? null : INTERVAL.exec(text);
  if (!match) return asText(text);
  const [, years, months, days, sign = '', hours, minutes, whole, fraction = ''] = match;
  const clock = sign === '-' ? '-' : '';
  const [hour, minute, second] = [part(hours), part(minutes), `${part(whole)}${fraction}`].map((value) => (value === '0' ? value : clock + value));
  return `"P${part(years)}Y${part(months)}M${part(days)}DT${hour}H${minute}M${second}S"`;
};

/** Drops a plus sign and leading zeros. */
function part(digits: string | undefined): string {
  return digits === undefined ? '0' : String(Number(digits));
}
