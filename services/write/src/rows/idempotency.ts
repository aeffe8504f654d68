import { hash } from 'node:crypto';
import type { IdempotencyKey } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { Relation } from '../catalogue/relation.ts';
import { baseStatus } from './answer.ts';
import { ApiError } from './api-error.ts';
import { answersStatusOnly, type ParsedRequest } from './compile-request.ts';
import type { Condition } from './query/row-query.ts';
import type { RowRequest } from './row-request.ts';

/** The key of a write, and the hash of what a repeat must have in common with it: query, Prefer and body. */
export function idempotencyOf(request: RowRequest, parsed: ParsedRequest, principal: Principal, schema: string): IdempotencyKey | undefined {
  if (parsed.idempotencyKey === undefined) return undefined;
  const { prefer, 'if-match': ifMatch } = request.headers;
  const told = JSON.stringify([request.queryString, prefer ?? '', ifMatch ?? '', parsed.body?.json ?? '']);
  return {
    principal: principal.subject,
    method: request.method,
    path: `/rest/v1/${schema}.${request.table}`,
    key: parsed.idempotencyKey,
    requestHash: hash('sha256', told, 'buffer'),
    status: baseStatus(parsed),
    statusOnly: answersStatusOnly(parsed),
  };
}

export function reusedKey(): ApiError {
  return new ApiError(422, 'PGRST130', 'Idempotency-Key was used for another request', {
    hint: 'Use a new key for a new request; repeat a request with the same query, Prefer and body.',
  });
}

export function twinStillRunning(): ApiError {
  return new ApiError(409, 'PGRST132', 'A request with this Idempotency-Key is still running', { hint: 'Repeat it shortly.', headers: { 'retry-after': '1' } });
}

/** The condition that finds the rows of a replayed write again. False for ever when there are none. */
export function conditionForKeys(relation: Relation, keys: readonly (readonly string[])[]): Condition {
  const [column, ...others] = relation.primaryKey;
  if (column !== undefined && others.length === 0) {
    const items = keys.map(([value]) => value ?? '');
    return { kind: 'filter', negated: false, field: { column, path: [] }, operator: 'in', value: { kind: 'list', items } };
  }
  const rows = keys.map((key): Condition => ({
    kind: 'and',
    negated: false,
    conditions: relation.primaryKey.map((name, index): Condition => ({
      kind: 'filter',
      negated: false,
      field: { column: name, path: [] },
      operator: 'eq',
      value: { kind: 'text', text: key[index] ?? '' },
    })),
  }));
  return { kind: 'or', negated: false, conditions: rows };
}
