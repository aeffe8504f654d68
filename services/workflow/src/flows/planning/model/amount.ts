import { Failure } from '#libs/failure/failure';

/** Decimal places of every amount of the plan; Postgres `numeric(38,6)` and Delta `decimal(38,6)` hold it. */
export const SCALE = 6;
export const ONE = 1_000_000n;

/** The largest amount either store can hold: 38 digits, 6 of them after the point. */
const LIMIT = 10n ** 38n - 1n;
const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** An exact decimal as a count of millionths. No amount is ever a binary float: 0.1 + 0.2 is 0.3 in a plan, and totals tie out to the last digit. */
export type Amount = bigint;

/** A decimal of any precision, exactly: `digits` / 10^`scale`. What is multiplied (factors, rates, percentages, confidences) keeps all its digits. */
export interface Exact {
  digits: bigint;
  scale: number;
}

/** Reads Postgres's text of a numeric; undefined for anything else (NaN, Infinity and exponents included). */
export function parseExact(text: string): Exact | undefined {
  return text.length <= 15 ? (parseShort(text) ?? parseLong(text)) : parseLong(text);
}

/** What nearly every amount is: digits, perhaps a sign and a point, few enough for a number to count them exactly. */
function parseShort(text: string): Exact | undefined {
  const start = text.startsWith('-') ? 1 : 0;
  let [value, point] = [0, -1];
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) value = value * 10 + code - 48;
    else if (code === 46 && point < 0 && index > start) point = index;
    else return undefined;
  }
  if (text.length === start) return undefined;
  let scale = point < 0 ? 0 : text.length - point - 1;
  for (; scale > 0 && value % 10 === 0; scale -= 1) value /= 10;
  return { digits: BigInt(start === 1 ? -value : value), scale };
}

function parseLong(text: string): Exact | undefined {
  const match = DECIMAL.exec(text);
  if (match === null || text.length > 200) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const digits = BigInt(`${match[2] ?? ''}${fraction}`);
  return { digits: match[1] === '-' ? -digits : digits, scale: fraction.length };
}

/** 12.5 as '12.500000': always six places, so equal amounts are equal text in every store. */
export function formatAmount(amount: Amount): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(SCALE + 1, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -SCALE)}.${digits.slice(-SCALE)}`;
}

/** Reads an amount that the plan itself wrote, or that was published: at most six places. */
export function parseAmount(text: string): Amount {
  const exact = parseExact(text);
  if (exact === undefined || exact.scale > SCALE) throw new Failure('invalid-input', `${text.slice(0, 60)} is no decimal of at most ${SCALE} places`);
  return bounded(exact.digits * 10n ** BigInt(SCALE - exact.scale));
}

/** `numerator / denominator` (denominator > 0) to the nearest integer, halves to the even one: sums of many roundings don't drift. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const rest = numerator - quotient * denominator;
  if (rest === 0n) return quotient;
  const twice = rest < 0n ? -2n * rest : 2n * rest;
  const away = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  if (!away) return quotient;
  return numerator < 0n ? quotient - 1n : quotient + 1n;
}

/** Whether both stores can hold it. */
export function fits(amount: Amount): boolean {
  return amount <= LIMIT && amount >= -LIMIT;
}

export function bounded(amount: Amount): Amount {
  if (!fits(amount)) throw new Failure('poison-record', `an amount has more than ${38 - SCALE} digits before the point`);
  return amount;
}
