import { Readable } from 'node:stream';
import type { QueryExplanation } from '#contracts/http/query';
import type { Caller } from '../rows/caller.ts';
import { ApiError } from '../rows/api-error.ts';
import { QueryTrace } from '../rows/query-trace.ts';
import { rowsIn } from '../rows/range.ts';
import type { RowAnswer, RowRequest } from '../rows/row-request.ts';

/** What answers row requests. */
export interface Explained {
  answer(request: RowRequest, caller: Caller, trace: QueryTrace): Promise<RowAnswer>;
}

export interface ExplainedQuery {
  path: string;
  schema?: string;
  authorization: string | undefined;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new ApiError(400, 'PGRST125', 'Invalid path specified in request URL', { details: 'The path is not percent-encoded as it should be.' });
  }
}

/** Runs the read to its end and keeps nothing of it but counts and times. Throws the `ApiError` that the read would be answered with. */
export async function explain(rows: Explained, { path, schema, authorization }: ExplainedQuery, caller: Caller): Promise<QueryExplanation> {
  const trace = new QueryTrace();
  const started = performance.now();
  const [name = '', ...query] = path.replace(/^(\/rest\/v1)?\//, '').split('?');
  const headers = { authorization, ...(schema === undefined ? {} : { 'accept-profile': schema }) };
  const answer = await rows.answer({ method: 'GET', table: decoded(name), queryString: query.join('?'), headers, body: undefined }, caller, trace);
  const bytes = await lengthOf(answer.body);
  return {
    home: trace.home ?? 'postgres',
    rows: rowsIn(answer.headers['content-range'] ?? '*'),
    bytes,
    totalMs: Math.round((performance.now() - started) * 1_000) / 1_000,
    parts: trace.parts,
    statements: trace.statements,
  };
}

async function lengthOf(body: RowAnswer['body']): Promise<number> {
  if (!(body instanceof Readable)) return Buffer.byteLength(body ?? '');
  let bytes = 0;
  for await (const piece of body) bytes += Buffer.byteLength(piece as Buffer | string);
  return bytes;
}
