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
}

/** Reads a request body. `columns` is the query parameter of that name: then keys outside it are ignored, as PostgREST does. */
export function readBody(raw: Buffer | undefined, columns: readonly string[] | null): RowBody {
  if (raw === undefined || raw.length === 0) throw invalid('Empty or invalid json');
  if (!isUtf8(raw)) throw invalid('Empty or invalid json', 'The body is not UTF-8.');
  const json = raw.toString('utf8');
  const value = parse(json);
  if (typeof value !== 'object' || value === null) throw invalid('Empty or invalid json', 'Send an object, or an array of objects.');
  if (!Array.isArray(value)) return { json, form: 'object', columns: columns ?? Object.keys(value), rows: 1 };
  return { json, form: 'array', columns: columns ?? sharedKeys(value), rows: value.length };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw invalid('Empty or invalid json', error instanceof SyntaxError ? error.message : undefined);
  }
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
