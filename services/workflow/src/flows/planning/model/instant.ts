const REST = /^(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;
const [ZERO, NINE] = [48, 57];

/** Microseconds since the epoch, of Postgres's or ISO 8601's text of a time with its offset; NaN for anything else. Exact: below 2^53 until the year 2255. */
export function parseInstant(text: string): number {
  if (text[4] !== '-' || text[7] !== '-' || (text[10] !== ' ' && text[10] !== 'T') || text[13] !== ':' || text[16] !== ':') return Number.NaN;
  const at = (from: number, length: number): number => digits(text, from, from + length);
  const local = Date.UTC(at(0, 4), at(5, 2) - 1, at(8, 2), at(11, 2), at(14, 2), at(17, 2)) * 1000;
  const rest = text.slice(19);
  if (rest === '+00' || rest === 'Z') return local;
  const point = rest.length > 4 && rest.startsWith('.') && rest.endsWith('+00') ? digits(rest, 1, rest.length - 3) : Number.NaN;
  if (!Number.isNaN(point) && rest.length <= 10) return local + point * 10 ** (10 - rest.length);
  return general(local, rest);
}

function general(local: number, rest: string): number {
  const match = REST.exec(rest);
  if (match === null) return Number.NaN;
  const [, fraction, sign, hours, minutes] = match;
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -60_000_000 : 60_000_000);
  return local - offset + (fraction === undefined ? 0 : Number(fraction.padEnd(6, '0')));
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) {
    const code = text.charCodeAt(index);
    if (!(code >= ZERO && code <= NINE)) return Number.NaN;
    value = value * 10 + code - ZERO;
  }
  return value;
}

/** Order of changes: by time, then by id as a number. */
export function compareChanges(left: { instant: number; id: string }, right: { instant: number; id: string }): number {
  return left.instant - right.instant || left.id.length - right.id.length || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}
