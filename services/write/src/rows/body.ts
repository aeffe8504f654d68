import { isUtf8 } from 'node:buffer';
import { ApiError } from './api-error.ts';

/** A JSON body as the compiler takes it: the text as it came, and which columns to read from it. */
export interface RowBody {
  /** Never re-serialised, so that every digit and escape reaches PostgreSQL. */
  json: string;
  form: 'object' | 'array';
  /** Columns in order; none for `{}` and `[]`. */
  columns: readonly string[];
  /** How many objects. */
  rows: number;
  /**
   * One flat object: its values as text, by column, exactly as `json_to_record` would hand them to the types' input functions (numbers as
   * written). Undefined for lists and for objects that hold objects, lists or text that is no valid Unicode.
   */
  scalars?: ReadonlyMap<string, string | null>;
}

/** Reads a request body. `columns` is the query parameter of that name: then keys outside it are ignored, as PostgREST does. */
export function readBody(raw: Buffer | undefined, columns: readonly string[] | null): RowBody {
  if (raw === undefined || raw.length === 0) throw invalid('Empty or invalid json');
  if (!isUtf8(raw)) throw invalid('Empty or invalid json', 'The body is not UTF-8.');
  const json = raw.toString('utf8');
  const value = parse(json);
  if (typeof value !== 'object' || value === null) throw invalid('Empty or invalid json', 'Send an object, or an array of objects.');
  if (!Array.isArray(value)) {
    const scalars = scalarsOf(value, json);
    return { json, form: 'object', columns: columns ?? Object.keys(value), rows: 1, ...(scalars ? { scalars } : {}) };
  }
  return { json, form: 'array', columns: columns ?? sharedKeys(value), rows: value.length };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw invalid('Empty or invalid json', error instanceof SyntaxError ? error.message : undefined);
  }
}

function scalarsOf(value: object, json: string): Map<string, string | null> | undefined {
  const entries = Object.entries(value) as [string, unknown][];
  if (!entries.every((entry): entry is [string, Scalar] => isScalar(entry[1]))) return undefined;
  const numbers = entries.some(([, item]) => typeof item === 'number') ? numbersAsWritten(json) : {};
  return new Map(entries.map(([name, item]) => [name, item === null ? null : typeof item === 'number' ? (numbers[name] ?? '') : String(item)]));
}

type Scalar = string | number | boolean | null;

function isScalar(item: unknown): item is Scalar {
  if (typeof item === 'string') return item.isWellFormed() && !item.includes('\0');
  return typeof item !== 'object' || item === null;
}

/** A double would lose digits, and `1.10` its scale: the source text of each number of a flat object. */
function numbersAsWritten(json: string): Record<string, string> {
  const reviver = (_name: string, item: unknown, context: { source?: string }): unknown => (typeof item === 'number' ? context.source : item);
  return JSON.parse(json, reviver as (name: string, item: unknown) => unknown) as Record<string, string>;
}

/** Every object of a bulk write has the same keys, or the missing ones would silently become NULL. */
function sharedKeys(items: readonly unknown[]): string[] {
  const [first] = items;
  if (items.length === 0) return [];
  const keys = isObject(first) ? Object.keys(first) : [];
  const known = new Set(keys);
  for (const item of items) {
    if (!isObject(item)) throw invalid('Empty or invalid json', 'Every item of the array must be an object.');
    const own = Object.keys(item);
    if (own.length !== keys.length || !own.every((key) => known.has(key))) throw invalid('All object keys must match');
  }
  return keys;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, details: string | null = null): ApiError {
  return new ApiError(400, 'PGRST102', message, { details });
}
