import { z } from 'zod';
import { MOST_BATCH_REQUESTS } from '#contracts/http/batch';
import { ProblemException } from '#libs/runtime/http/problem';
import { READS, WRITES } from '../rows/row-request.ts';

/** One request of a batch. */
export interface BatchItem {
  method: string;
  table: string;
  queryString: string;
  schema: string | undefined;
  headers: Readonly<Record<string, string>>;
  body: Buffer | undefined;
  /** In the body's place: each row by its key, to values of its own. */
  changes: readonly RowChange[] | undefined;
}

/** Values by column. */
export interface RowChange {
  key: Readonly<Record<string, unknown>>;
  /** What the cells were seen as. */
  was: Readonly<Record<string, unknown>>;
  set: Readonly<Record<string, unknown>>;
}

const values = z.record(z.string(), z.unknown()).refine((object) => Object.keys(object).length > 0, 'must name a column');
const change = z.strictObject({ key: values, was: z.record(z.string(), z.unknown()).default({}), set: values });
const request = z.strictObject({
  method: z.enum([...READS, ...WRITES]),
  path: z.string().regex(/^\/?[^/?]+(\?.*)?$/s, 'must be <table>?<query>'),
  schema: z.string().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  changes: z.array(change).min(1).optional(),
});
const batch = z.strictObject({ requests: z.array(request).min(1).max(MOST_BATCH_REQUESTS) });

/** Headers that say something about a single request; who asks, and why, is said once. */
const TAKEN = new Set(['prefer', 'accept', 'range', 'range-unit', 'if-match', 'content-type']);

/** The requests of a batch's JSON. Numbers of bodies stay as they are written. 400 for what is no batch, with the place. */
export function parseBatch(text: string): BatchItem[] {
  const parsed = batch.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ProblemException(400, 'invalid-input', `${issue?.path.join('.') || 'the body'}: ${issue?.message}`);
  }
  return parsed.data.requests.map(({ method, path, schema, headers, body, changes }, index) => {
    const [, table = '', query = ''] = /^\/?([^?]*)\??(.*)$/s.exec(path) ?? [];
    const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const strange = Object.keys(given).find((name) => !TAKEN.has(name));
    if (strange !== undefined)
      throw new ProblemException(400, 'invalid-input', `requests.${index}.headers: ${strange} is said for the whole batch, or not at all`, {
        headers: [...TAKEN],
      });
    if (changes && (method !== 'PATCH' || query !== '' || body !== undefined || Object.keys(given).length > 0))
      throw new ProblemException(400, 'invalid-input', `requests.${index}.changes: of a PATCH of a table, without query, headers and body`);
    return {
      method,
      table: decoded(table, index),
      queryString: query,
      schema,
      headers: given,
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
      changes,
    };
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? rawNumber(value, context.source) : value,
    );
  } catch {
    throw new ProblemException(400, 'invalid-input', 'the body is no JSON');
  }
}

/** A number that a double would change is kept as it is written. */
function rawNumber(value: number, source: string): unknown {
  return String(value) === source ? value : (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source);
}

function decoded(table: string, index: number): string {
  try {
    return decodeURIComponent(table);
  } catch {
    throw new ProblemException(400, 'invalid-input', `requests.${index}.path is not percent-encoded as it should be`);
  }
}
