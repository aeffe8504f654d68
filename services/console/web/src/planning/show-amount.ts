import { type Amount, numberOf, textOf } from './decimal.ts';
import type { Style } from '../sheet/numeral.ts';

const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const SHORT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/** For reading: grouped, with at most two digits behind the point; from a thousand on without. */
export function showAmount(amount: Amount): string {
  const value = numberOf(amount);
  return (Math.abs(value) >= 1_000 ? WHOLE : FINE).format(value).replace('-', '−');
}

const EXACT = new Intl.NumberFormat(undefined, { maximumFractionDigits: 9 });

/** With every digit. */
export function showExact(amount: Amount): string {
  const text = textOf(amount);
  return text.length > 15 ? text : EXACT.format(Number(text)).replace('-', '−');
}

/** With its sign, as a change is. */
export function showChange(amount: Amount): string {
  return amount > 0n ? `+${showAmount(amount)}` : showAmount(amount);
}

/** For axes. */
export function showShort(value: number): string {
  return SHORT.format(value).replace('-', '−');
}

/** For typing and for the clipboard: every digit, no groups, the reader's decimal character. */
export function plainAmount(amount: Amount, style: Style): string {
  return textOf(amount).replace('.', style);
}
