declare const lsnBrand: unique symbol;

/** A log sequence number: byte position in the write-ahead log. Compare as numbers (`<`, `>` work), never as text. */
export type Lsn = bigint & { readonly [lsnBrand]: 'Lsn' };

const PATTERN = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;
const MAX = 0xffff_ffff_ffff_ffffn;

/** Position 0/0: what Postgres calls invalid; before every real one. */
export const ZERO_LSN = 0n as Lsn;

/** Brands a number. Throws `RangeError` outside 64 unsigned bits. */
export function toLsn(value: bigint): Lsn {
  if (value < 0n || value > MAX) throw new RangeError('a log sequence number has 64 unsigned bits');
  return value as Lsn;
}

/** Parses PostgreSQL's text form, `16/B374D848`. Throws `TypeError` on anything else. */
export function parseLsn(text: string): Lsn {
  const match = PATTERN.exec(text);
  if (!match) throw new TypeError('not a log sequence number: expected two hexadecimal numbers with a slash between');
  return ((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)) as Lsn;
}

/** PostgreSQL's text form. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}

/** Negative, zero or positive. */
export function compareLsn(a: Lsn, b: Lsn): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  return a < b ? b : a;
}
