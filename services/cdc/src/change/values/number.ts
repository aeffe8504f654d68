import { asText, type ValueEncoder } from './encoder.ts';

/** Shortest exact digits, as the server prints them with `extra_float_digits` ≥ 1; what JSON has no number for is a string. */
export const asFloat: ValueEncoder = (text) => (text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? `"${text}"` : text);

const SPECIAL: Readonly<Record<string, string>> = { NaN: '"NAN"', Infinity: '"POSITIVE_INFINITY"', '-Infinity': '"NEGATIVE_INFINITY"' };

export const asNumeric: ValueEncoder = (text) => SPECIAL[text] ?? asText(text);

/** `-$1,234.11` (lc_monetary C) to `-1234.11`. */
export const asMoney: ValueEncoder = (text) => asText(text.replaceAll(/[^0-9.-]/g, ''));
