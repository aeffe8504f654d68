/** An exact decimal: `digits · 10^-scale`. */
export interface Exact {
  digits: bigint;
  scale: number;
}

export function parseExact(text: string): Exact {
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

/** PostgreSQL's base. */
const GROUP = 4;
const LEAST_SIGNIFICANT = 16;
const MOST_SCALE = 1_000;

/**
 * `sum / count` with the digits that PostgreSQL's numeric division shows (numeric.c, select_div_scale): at least 16 significant ones, estimated from
 * the operands' first base-10000 digits, and never fewer than the sum has; rounded half away from zero.
 */
export function divideAsPostgres(sum: Exact, count: bigint): string {
  const left = leading(sum);
  const right = leading({ digits: count, scale: 0 });
  const weight = left.weight - right.weight - (left.first <= right.first ? 1 : 0);
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SIGNIFICANT - weight * GROUP, sum.scale, 0));
  return exactText({ digits: roundedQuotient(sum.digits * 10n ** BigInt(scale - sum.scale), count), scale });
}

/** Half away from zero; the divisor is positive. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const quotient = (2n * magnitude + divisor) / (2n * divisor);
  return dividend < 0n ? -quotient : quotient;
}

/** To a whole number, half away from zero. */
export function roundExact({ digits, scale }: Exact): bigint {
  return roundedQuotient(digits, 10n ** BigInt(scale));
}

function leading({ digits, scale }: Exact): { weight: number; first: number } {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  const padded = whole.padStart(Math.ceil(whole.length / GROUP) * GROUP, '0') + (scale === 0 ? '' : text.slice(-scale));
  const wholeGroups = Math.ceil(whole.length / GROUP);
  for (let at = 0; at * GROUP < padded.length; at += 1) {
    const first = Number(padded.slice(at * GROUP, (at + 1) * GROUP).padEnd(GROUP, '0'));
    if (first !== 0) return { weight: wholeGroups - 1 - at, first };
  }
  return { weight: 0, first: 0 };
}

export function exactText({ digits, scale }: Exact): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const sign = digits < 0n ? '-' : '';
  return scale === 0 ? sign + text : `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}
