import { asText } from '../api/as-text.ts';

/** How a value of a column of that Postgres type is shown. Absent values are an en dash. */
export function formatValue(value: unknown, type = 'text'): string {
  if (value === null || value === undefined || value === '') return '–';
  if (/^numeric|^decimal/.test(type)) return decimal(value, Number(/,\s*(\d+)/.exec(type)?.[1] ?? 0));
  if (/^(smallint|integer|bigint|int|double|real|float)/.test(type))
    return typeof value === 'number' || typeof value === 'bigint' ? plainNumber(value) : asText(value);
  if (type.startsWith('timestamp'))
    return moment(asText(value), { year: sameYear(asText(value)) ? undefined : 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  if (type === 'date') return moment(`${asText(value).slice(0, 10)}T00:00:00`, { dateStyle: 'medium' });
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return asText(value);
}

/** Numbers line up at the right. */
export function isNumeric(type: string): boolean {
  return /^(numeric|decimal|smallint|integer|bigint|int|double|real|float)/.test(type);
}

/** `3 min`, `2 h`, `5 d`: how long ago, roughly. */
export function age(since: string | number, now: number): string {
  const seconds = Math.max(0, (now - new Date(since).getTime()) / 1000);
  if (Number.isNaN(seconds)) return '–';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function decimal(value: unknown, digits: number): string {
  const number = Number(value);
  return Number.isFinite(number)
    ? number.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 6) })
    : asText(value);
}

/** Identifiers are numbers too: no thousands separators. */
function plainNumber(value: number | bigint): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toLocaleString(undefined, { maximumFractionDigits: 4 }) : String(value);
}

function sameYear(text: string): boolean {
  return new Date(text).getFullYear() === new Date().getFullYear();
}

function moment(text: string, style: Intl.DateTimeFormatOptions): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toLocaleString(undefined, style);
}
