import { localStyle, type Style, styleOf } from '../../sheet/numeral.ts';

/** Which number of `1/2/2026` is the day. */
export type DateOrder = 'dmy' | 'mdy';

/** How whoever wrote a text writes numbers and dates. */
export interface Habits {
  style: Style;
  order: DateOrder;
}

/** The browser's. */
export function localHabits(language?: string): Habits {
  const parts = new Intl.DateTimeFormat(language).formatToParts(new Date(2026, 0, 2));
  const month = parts.findIndex(({ type }) => type === 'month');
  const day = parts.findIndex(({ type }) => type === 'day');
  return { style: localStyle(language), order: month < day ? 'mdy' : 'dmy' };
}

/** What cells tell together: one `31/1/2026` decides for all of them. */
export function habitsOf(cells: readonly string[], otherwise: Habits): Habits {
  let [dmy, mdy] = [0, 0];
  for (const cell of cells) {
    const [, first, second] = SLASHED.exec(cell.trim()) ?? [];
    if (Number(first) > 12) dmy += 1;
    if (Number(second) > 12) mdy += 1;
  }
  return { style: styleOf(cells, otherwise.style), order: dmy === mdy ? otherwise.order : dmy > mdy ? 'dmy' : 'mdy' };
}

const ISO = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const DOTTED = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$/;
const SLASHED = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})/;

/** `2026-01-31`, `31.1.2026`, `1/31/2026` as `2026-01-31`; undefined for what is no day of the calendar. */
export function readDate(text: string, order: DateOrder): string | undefined {
  const iso = ISO.exec(text);
  const dotted = DOTTED.exec(text);
  const slashed = new RegExp(`${SLASHED.source}$`).exec(text);
  if (iso) return dateOf(iso[1], iso[2], iso[3]);
  if (dotted) return dateOf(dotted[3], dotted[2], dotted[1]);
  if (!slashed) return undefined;
  return order === 'dmy' ? dateOf(slashed[3], slashed[2], slashed[1]) : dateOf(slashed[3], slashed[1], slashed[2]);
}

const TIMED = /^(.*?)[T ,]\s*(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s*([ap]m)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** A moment as ISO 8601. Without an offset it is in this browser's time zone, if `zoned`, else it has none. A day alone is its beginning. */
export function readTimestamp(text: string, order: DateOrder, zoned: boolean): string | undefined {
  const timed = TIMED.exec(text);
  const day = readDate((timed?.[1] ?? text).trim(), order);
  if (day === undefined) return undefined;
  const [hour, minute, second] = [hourOf(timed?.[2] ?? '0', timed?.[6]), Number(timed?.[3] ?? 0), Number(timed?.[4] ?? 0)];
  if (hour === undefined || minute > 59 || second > 59) return undefined;
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = `${day}T${two(hour)}:${two(minute)}:${two(second)}${timed?.[5] ?? ''}`;
  if (!zoned) return clock;
  return `${clock}${timed?.[7] === undefined ? offsetOf(new Date(`${day}T${two(hour)}:${two(minute)}:${two(second)}`)) : timed[7].toUpperCase()}`;
}

function hourOf(text: string, half: string | undefined): number | undefined {
  const hour = Number(text);
  if (half === undefined) return hour < 24 ? hour : undefined;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

/** This browser's offset at that moment: it has changed over the years. */
function offsetOf(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
}

function dateOf(year: string | undefined, month: string | undefined, day: string | undefined): string | undefined {
  const text = `${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`;
  const at = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text ? undefined : text;
}
