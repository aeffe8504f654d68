/**
 * Dates and times of PostgreSQL (DateStyle ISO, TimeZone UTC, IntervalStyle iso_8601) as the envelope writes them (Debezium's `isostring` mode).
 */
export function encodeDate(text: string): string {
  return isInfinity(text) ? text : `${year(text)}Z`;
}

export function encodeTime(text: string): string {
  return `${text}Z`;
}

export function encodeTimestamp(text: string): string {
  return isInfinity(text) ? text : `${year(text).replace(' ', 'T')}Z`;
}

/** With as many digits as the column has; 6 when it does not say. */
export function encodeTimestampTz(text: string, modifier: number): string {
  if (isInfinity(text)) return text;
  const [, seconds = '', fraction = ''] = /^(\+?[^.+]*)(?:\.(\d+))?\+00$/.exec(year(text)) ?? [];
  const digits = modifier < 0 ? 6 : modifier;
  return `${seconds.replace(' ', 'T')}${digits === 0 ? '' : `.${fraction.padEnd(digits, '0')}`}Z`;
}

/** In UTC, trailing zeros cut; 24:00 in UTC stays 24:00. */
export function encodeTimeTz(text: string): string {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  if (!match) return text;
  const [, h = '0', m = '0', s = '0', fraction, sign, oh = '0', om = '0', os = '0'] = match;
  const offset = seconds(oh, om, os) * (sign === '-' ? -1 : 1);
  const utc = offset === 0 ? seconds(h, m, s) : (((seconds(h, m, s) - offset) % 86_400) + 86_400) % 86_400;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(utc / 3600))}:${two(Math.floor(utc / 60) % 60)}:${two(utc % 60)}${fraction ? `.${fraction}` : ''}Z`;
}

/** Every part, always; PostgreSQL leaves out those that are zero. */
export function encodeInterval(text: string): string {
  if (isInfinity(text)) return text;
  const [date = '', time = ''] = text.slice(1).split('T');
  const part = (source: string, unit: string): string => new RegExp(`(-?[\\d.]+)${unit}`).exec(source)?.[1] ?? '0';
  return `P${part(date, 'Y')}Y${part(date, 'M')}M${part(date, 'D')}DT${part(time, 'H')}H${part(time, 'M')}M${part(time, 'S')}S`;
}

function isInfinity(text: string): boolean {
  return text === 'infinity' || text === '-infinity';
}

/** The year as ISO 8601 wants it: `+` past 9999, astronomical before our era (1 BC is 0). */
function year(text: string): string {
  const before = text.endsWith(' BC');
  const plain = before ? text.slice(0, -3) : text;
  const digits = /^\d+/.exec(plain)?.[0] ?? '';
  const number = before ? 1 - Number(digits) : Number(digits);
  const written = `${number < 0 ? '-' : number > 9999 ? '+' : ''}${String(Math.abs(number)).padStart(4, '0')}`;
  return `${written}${plain.slice(digits.length)}`;
}

function seconds(hours: string, minutes: string, rest: string): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}
