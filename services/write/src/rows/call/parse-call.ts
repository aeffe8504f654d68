import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Routine } from '../../catalogue/routine.ts';
import { ApiError } from '../api-error.ts';
import { invalidBody, readBody, type RowBody } from '../body.ts';
import type { CallArguments } from '../compile/call.ts';
import { resultOf } from '../compile/call.ts';
import { allowedPreferences, idempotencyKeyOf, offerFor, type ReadLimits } from '../compile-request.ts';
import { type Answer, bodyType, handlersOf, negotiate } from '../media-type.ts';
import { parsePrefer, type Preferences } from '../prefer.ts';
import { parseRowQuery } from '../query/parse-row-query.ts';
import type { RowQuery } from '../query/row-query.ts';
import { hasAggregates } from '../query/select-names.ts';
import { limitEmbeds, resolveRange, type RowRange } from '../range.ts';
import { isRead, type RowRequest } from '../row-request.ts';
import { isWholeBody, matchRoutine, takesWhole } from './match-routine.ts';

/** A call of a function, read and matched with the function it means. */
export interface ParsedCall {
  method: string;
  routine: Routine;
  args: CallArguments;
  query: RowQuery;
  prefer: Preferences;
  answer: Answer;
  range: RowRange;
  idempotencyKey: string | undefined;
}

export function parseCall(request: RowRequest, schema: string, catalogue: Catalogue, limits: ReadLimits & { plans: boolean }): ParsedCall {
  const { method, headers } = request;
  const read = isRead(method);
  const query = parseRowQuery(request.queryString, { args: read });
  if (hasAggregates(query) && !limits.aggregates) throw new ApiError(400, 'PGRST123', 'Use of aggregate functions is not allowed');
  const { names, argsFor } = read ? queryArguments(query) : bodyArguments(request, query);
  const type = read ? undefined : bodyType(headers['content-type']);
  const routine = matchRoutine(catalogue, { schema, name: request.table, names, bodyType: type });
  const prefer = allowedPreferences(parsePrefer(headers['prefer']), limits);
  if (prefer.maxAffected !== undefined && prefer.handling === 'strict' && !routine.returns.set)
    throw new ApiError(400, 'PGRST128', 'Function must return SETOF or TABLE when max-affected preference is used with handling=strict');
  const of = { schema, name: resultOf(routine).name };
  return {
    method,
    routine,
    args: argsFor(routine),
    query: limitEmbeds(query, limits.maxRows),
    prefer,
    answer: negotiate(headers['accept'], offerFor(query, { handlers: handlersOf(catalogue.mediaHandlers, of), plans: limits.plans })),
    range: resolveRange(query, method === 'GET' ? headers['range'] : undefined, limits.maxRows),
    idempotencyKey: read ? undefined : idempotencyKeyOf(headers['idempotency-key']),
  };
}

interface Given {
  names: readonly string[];
  argsFor: (routine: Routine) => CallArguments;
}

function queryArguments({ args }: RowQuery): Given {
  return namedArguments(args);
}

function namedArguments(pairs: readonly (readonly [string, string])[]): Given {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) values.set(name, [...(values.get(name) ?? []), value]);
  return { names: [...values.keys()], argsFor: () => ({ kind: 'named', values }) };
}

function bodyArguments({ headers, body }: RowRequest, { columns }: RowQuery): Given {
  const type = bodyType(headers['content-type']);
  const raw = body ?? Buffer.alloc(0);
  if (type === 'application/x-www-form-urlencoded') {
    const form = namedArguments([...new URLSearchParams(raw.toString('utf8'))]);
    return { ...form, argsFor: (routine) => (takesWhole(routine, { bodyType: type }) ? whole(raw, false) : form.argsFor(routine)) };
  }
  if (isWholeBody(type)) return { names: [], argsFor: () => whole(raw, type === 'application/octet-stream') };
  if (type !== 'application/json' && type !== 'text/csv') throw invalidBody(`Content-Type not acceptable: ${type}`);
  const read: RowBody = raw.length === 0 && type === 'application/json' ? { json: '{}', form: 'object', columns: [], rows: 1 } : readBody(raw, columns, type);
  const { json, form, columns: names } = read;
  return {
    names,
    argsFor: (routine) =>
      takesWhole(routine, { bodyType: type }) ? { kind: 'whole', text: raw.toString('utf8'), bytes: false } : { kind: 'json', json, form, names },
  };
}

function whole(raw: Buffer, bytes: boolean): CallArguments {
  return { kind: 'whole', text: raw.toString(bytes ? 'base64' : 'utf8'), bytes };
}
