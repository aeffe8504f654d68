import { isUtf8 } from 'node:buffer';
import { ApiError } from './api-error.ts';
import { parseCsv } from './csv.ts';

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

/**
 * Reads a request body of JSON, CSV or a form. `columns` is the query parameter of that name: then keys outside it are ignored, as PostgREST does. 400
 * PGRST102 for any other, and for what can't be read.
 */
export function readBody(raw: Buffer | undefined, columns: readonly string[] | null, type = 'application/json'): RowBody {
  if (!isUtf8(raw ?? NOTHING)) throw invalidBody('Empty or invalid json', 'The body is not UTF-8.');
  const text = (raw ?? NOTHING).toString('utf8');
  if (type === 'text/csv') return readJson(csvAsJson(text), columns);
  if (type === 'application/x-www-form-urlencoded') return readJson(JSON.stringify(Object.fromEntries(new URLSearchParams(text))), columns);
  if (JSON_TYPES.has(type)) return readJson(text, columns);
  throw invalidBody(`Content-Type not acceptable: ${type}`);
}

const NOTHING = Buffer.alloc(0);
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/vnd.pgrst.object+json', 'application/vnd.pgrst.array+json']);

function readJson(json: string, columns: readonly string[] | null): RowBody {
  const value = parse(json);
  if (Array.isArray(value)) return { json, form: 'array', columns: columns ?? sharedKeys(value), rows: value.length };
  if (typeof value !== 'object' || value === null) throw invalidBody('Empty or invalid json');
  const scalars = scalarsOf(value, json);
  return { json, form: 'object', columns: columns ?? Object.keys(value), rows: 1, ...(scalars ? { scalars } : {}) };
}

/** Fields are text, and `NULL` is null: PostgreSQL reads each as its column's type. */
function csvAsJson(text: string): string {
  const [names, ...records] = parseCsv(text) ?? [];
  if (!names) throw invalidBody('Empty or invalid CSV');
  if (records.some((record) => record.length !== names.length)) throw invalidBody('All lines must have same number of fields');
  return JSON.stringify(
    records.map((record) => Object.fromEntries(record.map((field, index): [string, string | null] => [names[index] ?? '', field === 'NULL' ? null : field]))),
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw invalidBody('Empty or invalid json');
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
    if (!isObject(item)) throw invalidBody('All object keys must match');
    const own = Object.keys(item);
    if (own.length !== keys.length || !own.every((key) => known.has(key))) throw invalidBody('All object keys must match');
  }
  return keys;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** 400 PGRST102 */
export function invalidBody(message: string, details: string | null = null): ApiError {
  return new ApiError(400, 'PGRST102', message, { details });
}
