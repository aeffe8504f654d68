/** A numeric: `digits · 10^-scale`, or one of Postgres's three special values. NaN equals itself and is greater than all else. */
export type Decimal = { digits: bigint; scale: number } | 'nan' | 'infinity' | '-infinity';

const PLAIN = /^[+-]?\d+(?:\.(\d+))?$/;
/** Long enough for anyone; short enough for a quick comparison. */
const MAX_LENGTH = 1_000;
const SPECIAL: Readonly<Record<string, Decimal>> = { NAN: 'nan', POSITIVE_INFINITY: 'infinity', NEGATIVE_INFINITY: '-infinity' };

/** Plain digits, as predicates may write them. */
export function inputDecimal(text: string): Decimal | undefined {
  const match = text.length <= MAX_LENGTH ? PLAIN.exec(text) : null;
  return match ? { digits: BigInt(text.replace('.', '').replace(/^\+/, '')), scale: match[1]?.length ?? 0 } : undefined;
}

/** A numeric as envelope.md encodes it: any number of digits, or a special value's name. */
export function encodedDecimal(text: string): Decimal | undefined {
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text];
  const match = /^-?\d+(?:\.(\d+))?$/.exec(text);
  return match ? { digits: BigInt(text.replace('.', '')), scale: match[1]?.length ?? 0 } : undefined;
}

export function compareDecimals(a: Decimal, b: Decimal): number {
  if (typeof a === 'string' || typeof b === 'string') return rank(a) - rank(b);
  const left = a.digits * 10n ** BigInt(Math.max(0, b.scale - a.scale));
  const right = b.digits * 10n ** BigInt(Math.max(0, a.scale - b.scale));
  return left < right ? -1 : Number(left > right);
}

function rank(value: Decimal): number {
  if (typeof value !== 'string') return 0;
  return { '-infinity': -1, infinity: 1, nan: 2 }[value];
}
