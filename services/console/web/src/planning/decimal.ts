/**
 * Sums of amounts without binary fractions: an amount is PostgreSQL's numeric, as text. Inside, an integer of 10^-9; what is finer is
 * rounded half away from zero, which no unit of a plan is.
 */
export type Amount = bigint;

const DIGITS = 9;
export const ONE: Amount = 10n ** BigInt(DIGITS);
export const ZERO: Amount = 0n;

/** Reads numeric's text (`-12.50`, `1e3`), a JSON number or null. Undefined for what is no finite number. */
export function amountOf(value: unknown): Amount | undefined {
  if (typeof value === 'bigint') return value * ONE;
  const text = typeof value === 'number' ? plain(value) : typeof value === 'string' ? value.trim() : '';
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const shift = DIGITS - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : divide(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -scaled : scaled;
}

/** As numeric's text, without trailing zeros: what is sent. */
export function textOf(amount: Amount): string {
  const magnitude = amount < 0n ? -amount : amount;
  const fraction = String(magnitude % ONE)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '');
  return `${amount < 0n ? '-' : ''}${magnitude / ONE}${fraction === '' ? '' : `.${fraction}`}`;
}

export function sum(amounts: Iterable<Amount>): Amount {
  let total = ZERO;
  for (const amount of amounts) total += amount;
  return total;
}

/** a × b, rounded. */
export function times(a: Amount, b: Amount): Amount {
  return divide(a * b, ONE);
}

/** a ÷ b, rounded; 0 for b = 0. */
export function per(a: Amount, b: Amount): Amount {
  return b === 0n ? ZERO : divide(a * ONE, b);
}

/** For drawing, where a double is exact enough. */
export function numberOf(amount: Amount): number {
  return Number(amount) / Number(ONE);
}

function divide(a: bigint, b: bigint): bigint {
  const [n, d] = b < 0n ? [-a, -b] : [a, b];
  const half = d / 2n;
  return n >= 0n ? (n + half) / d : -((-n + half) / d);
}

function plain(value: number): string {
  return Number.isFinite(value) ? String(value) : '';
}
