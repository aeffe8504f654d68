import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import { ApiError } from '../rows/api-error.ts';
import { withRetries } from '../rows/concurrency.ts';
import { reusedKey, twinStillRunning } from '../rows/idempotency.ts';
import { isRead, type RowAnswer, type RowRequest } from '../rows/row-request.ts';
import { RowService, type RowServiceOptions } from '../rows/row-service.ts';
import { problemFrom, withSqlProblems } from '../sql-problem.ts';
import { BatchExecutor } from './batch-executor.ts';
import { changeRows } from './change-rows.ts';
import type { BatchItem } from './parse-batch.ts';

export interface BatchStand {
  governed: Governed;
  /** What the row API is made of; its executor and its other layer play no part. */
  rows: Omit<RowServiceOptions, 'executor' | 'analytical' | 'retried'>;
}

/** Of one read: a batch answers whole. */
const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;

export interface Batch {
  items: readonly BatchItem[];
  /** Under which it is carried out once, and the hash of what a repeat must be. */
  once: { key: string; requestHash: Buffer } | undefined;
}

export interface BatchAnswer {
  /** JSON text of `{"answers": [{status, headers, body}]}`. */
  json: string;
  /** Carried out before, under the same key: the statuses are what is left of the answers. */
  replayed: boolean;
}

/**
 * Answers row requests in one transaction, in their order: each sees what those before it wrote. The first that is refused ends it all, and nothing is
 * kept: a problem with its status, its index and what the row API said. What PostgreSQL undid because of concurrent work is tried again, all of it.
 */
export async function runBatch(stand: BatchStand, asking: Asking, { items, once }: Batch): Promise<BatchAnswer> {
  const { governed } = stand;
  const { principal, context } = asking;
  const run = (client: pg.PoolClient): Promise<Answered> => answerAll(stand, asking, items, client);
  if (!once)
    return { json: await withRetries(() => governed.transaction({ principal, context }, async (client) => (await run(client)).value)), replayed: false };
  const idempotency = { principal: principal.subject, method: 'POST', path: '/v1/batch', status: 200, ...once };
  const result = await withRetries(() => governed.transactionOnce({ principal, context, idempotency }, run));
  if (result.outcome === 'mismatch') throw reusedKey();
  if (result.outcome === 'in-flight') throw twinStillRunning();
  return result.outcome === 'executed' ? { json: result.value, replayed: false } : { json: shownAgain(result.statuses), replayed: true };
}

interface Answered {
  value: string;
  statuses: number[];
}

async function answerAll({ rows }: BatchStand, { principal, context }: Asking, items: readonly BatchItem[], client: pg.PoolClient): Promise<Answered> {
  const limits = { ...rows.limits, maxRows: Math.min(rows.limits.maxRows ?? Infinity, MOST_ROWS) };
  const service = new RowService({ ...rows, limits, executor: new BatchExecutor(client), retried: (attempt) => attempt() });
  const answerOne = async (item: BatchItem): Promise<RowAnswer> => {
    const { schema, table: name, changes } = item;
    if (!changes) return service.answer(requestOf(item), { principal, anonymous: false, context });
    await withSqlProblems(() => changeRows(client, rows.catalogue, { schema, name }, changes));
    return { status: 204, headers: {}, body: undefined };
  };
  const answers: string[] = [];
  const statuses: number[] = [];
  let characters = 0;
  for (const [index, item] of items.entries()) {
    const answer = await answerOne(item).catch((error: unknown) => refused(error, index));
    const shown = await answerJson(answer);
    characters += shown.length;
    if (characters > MOST_CHARACTERS)
      throw new ProblemException(422, 'answer-too-long', `the answers are longer than ${MOST_CHARACTERS} characters`, { index });
    answers.push(shown);
    statuses.push(answer.status);
  }
  return { value: `{"answers":[${answers.join(',')}]}`, statuses };
}

/** Rows are not kept: whoever wants them reads them, under today's policy. */
function shownAgain(statuses: string | null): string {
  const known = JSON.parse(statuses ?? '[]') as number[];
  return JSON.stringify({ answers: known.map((status) => ({ status, headers: {}, body: null })) });
}

function requestOf({ method, table, queryString, schema, headers, body }: BatchItem): RowRequest {
  const profile = schema === undefined ? {} : { [isRead(method) ? 'accept-profile' : 'content-profile']: schema };
  return { method, table, queryString, headers: { ...headers, ...profile, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, body };
}

function refused(error: unknown, index: number): never {
  if (error instanceof ProblemException) throw new ProblemException(error.problem.status, 'batch-refused', error.message, { ...error.problem, index });
  if (!(error instanceof ApiError)) throw error;
  throw problemFrom(error, 'batch-refused', { index, detail: `request ${index}: ${error.message}` });
}

async function answerJson({ status, headers, body }: RowAnswer): Promise<string> {
  const given = body instanceof Readable ? await text(body) : typeof body === 'string' || body === undefined ? body : body.toString('utf8');
  const isJson = /\bjson\b/.test(headers['content-type'] ?? '');
  const shown = given === undefined || given === '' ? 'null' : isJson ? given : JSON.stringify(given);
  return `{"status":${status},"headers":${JSON.stringify(headers)},"body":${shown}}`;
}
