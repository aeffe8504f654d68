import { asText, type ValueEncoder } from './encoder.ts';

/** Shortest exact digits, as the server prints them with `extra_float_digits` ≥ 1; what JSON has no number for is a string. */
export const asFloat: ValueEncoder = (text) => (text === 'NaN' || text === 'Infinity' || text === '-Infinity' ? `"${text}"` : text);

/** Digits need no escapes. Told by the last character: looking every number up in a table costs more than writing it. */
export const asNumeric: ValueEncoder = (text) => (text.endsWith('N') || text.endsWith('y') ? special(text) : `"${text}"`);

function special(text: string): string {
  if (text === 'NaN') return '"NAN"';
  return text === 'Infinity' ? '"POSITIVE_INFINITY"' : text === '-Infinity' ? '"NEGATIVE_INFINITY"' : asText(text);
}

/** `-$1,234.11` (lc_monetary C) to `-1234.11`. */
export const asMoney: ValueEncoder = (text) => asText(text.replaceAll(/[^0-9.-]/g, ''));
