import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Governed } from '#libs/governance/governed';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import { ApiError } from '../rows/api-error.ts';
import { isRead, type RowAnswer, type RowRequest } from '../rows/row-request.ts';
import { RowService, type RowServiceOptions } from '../rows/row-service.ts';
import { problemFrom } from '../sql-problem.ts';
import { BatchExecutor } from './batch-executor.ts';
import type { BatchItem } from './parse-batch.ts';

export interface BatchStand {
  governed: Governed;
  /** What the row API is made of; its executor and its other layer play no part. */
  rows: Omit<RowServiceOptions, 'executor' | 'analytical'>;
}

/** Of one read: a batch answers whole. */
const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;

/**
 * Answers row requests in one transaction, in their order: each sees what those before it wrote. JSON text of `{"answers": [{status, headers, body}]}`.
 * The first that is refused ends it all, and nothing is kept: a problem with its status, its index and what the row API said.
 */
export function runBatch({ governed, rows }: BatchStand, { principal, context }: Asking, items: readonly BatchItem[]): Promise<string> {
  return governed.transaction({ principal, context }, async (client) => {
    const limits = { ...rows.limits, maxRows: Math.min(rows.limits.maxRows ?? Infinity, MOST_ROWS) };
    const service = new RowService({ ...rows, limits, executor: new BatchExecutor(client) });
    const answers: string[] = [];
    let characters = 0;
    for (const [index, item] of items.entries()) {
      const answer = await service.answer(requestOf(item), { principal, anonymous: false, context }).catch((error: unknown) => refused(error, index));
      const shown = await answerJson(answer);
      characters += shown.length;
      if (characters > MOST_CHARACTERS)
        throw new ProblemException(422, 'answer-too-long', `the answers are longer than ${MOST_CHARACTERS} characters`, { index });
      answers.push(shown);
    }
    return `{"answers":[${answers.join(',')}]}`;
  });
}

function requestOf({ method, table, queryString, schema, headers, body }: BatchItem): RowRequest {
  const profile = schema === undefined ? {} : { [isRead(method) ? 'accept-profile' : 'content-profile']: schema };
  return { method, table, queryString, headers: { ...headers, ...profile, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, body };
}

function refused(error: unknown, index: number): never {
  if (!(error instanceof ApiError)) throw error;
  throw problemFrom(error, 'batch-refused', { index, detail: `request ${index}: ${error.message}` });
}

async function answerJson({ status, headers, body }: RowAnswer): Promise<string> {
  const given = body instanceof Readable ? await text(body) : typeof body === 'string' || body === undefined ? body : body.toString('utf8');
  const isJson = /\bjson\b/.test(headers['content-type'] ?? '');
  const shown = given === undefined || given === '' ? 'null' : isJson ? given : JSON.stringify(given);
  return `{"status":${status},"headers":${JSON.stringify(headers)},"body":${shown}}`;
}
