/**
 * JSON that keeps every digit of a 64-bit integer.
 *
 * PostgreSQL's `bigint` does not fit a double; the change topics carry it as a bare JSON number (envelope.md).
 * `parseJson` reads an integer outside ±(2^53 − 1) as a `bigint`; `stringifyJson` writes a `bigint` as bare digits.
 */
declare global {
  interface JSON {
    /** ECMAScript "JSON.parse source text access" (stage 4). */
    rawJSON(text: string): unknown;
  }
}

export type JsonValue = string | number | bigint | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A run of 16 digits or more may be an unsafe integer: only then is the (slower) reviver worth its cost. */
const MAY_HOLD_UNSAFE_INTEGER = /\d{16}/;

/** Parses JSON text. Throws `SyntaxError` on malformed text, as `JSON.parse` does. */
export function parseJson(text: string): JsonValue {
  if (!MAY_HOLD_UNSAFE_INTEGER.test(text)) return JSON.parse(text) as JsonValue;
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as JsonValue;
}

function keepDigits(_key: string, value: unknown, context: { source: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(context.source)) return value;
  return BigInt(context.source);
}

/** Serialises a value; a `bigint` becomes its digits. */
export function stringifyJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? JSON.rawJSON(item.toString()) : item));
}
