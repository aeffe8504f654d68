import { hash } from 'node:crypto';
import { type IdempotencyKey, keptAnswer, type Said } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { CatalogueCache } from '../../catalogue/catalogue-cache.ts';
import { bytesOf, overridden } from '../answer.ts';
import { ApiError } from '../api-error.ts';
import type { Caller } from '../caller.ts';
import { compileCall } from '../compile/call.ts';
import type { Shape, Statement } from '../compile/statement.ts';
import { countedRows, type ReadLimits } from '../compile-request.ts';
import { withRetries } from '../concurrency.ts';
import type { RowExecutor } from '../executor.ts';
import { NO_ROWS, planAnswer, planStep } from '../expectation.ts';
import { reusedKey, twinStillRunning } from '../idempotency.ts';
import { shapeOf } from '../media-type.ts';
import { appliedPreferences } from '../prefer.ts';
import { contentRange, rangeStatus } from '../range.ts';
import type { ReadLog } from '../read-log.ts';
import { isRead, type RowAnswer, type RowRequest } from '../row-request.ts';
import { leftBehind, type Session } from '../session.ts';
import { sessionFor, type SessionPolicy } from '../session-policy.ts';
import { notSingular, translateSqlError } from '../sql-error.ts';
import { schemaOf } from '../target.ts';
import { type ParsedCall, parseCall } from './parse-call.ts';

export interface CallServiceOptions {
  catalogue: CatalogueCache;
  executor: RowExecutor;
  limits: ReadLimits;
  sessions: SessionPolicy;
  reads: ReadLog;
}

interface Call {
  request: RowRequest;
  parsed: ParsedCall;
  caller: Caller;
  catalogue: Catalogue;
  schema: string;
}

/** Answers `/rpc/<function>`. Grants decide who may call it, and what it may do is the caller's role's to do. */
export class CallService {
  readonly #options: CallServiceOptions;

  constructor(options: CallServiceOptions) {
    this.#options = options;
  }

  async answer(request: RowRequest, caller: Caller): Promise<RowAnswer> {
    const catalogue = this.#catalogue();
    const schema = schemaOf(catalogue.schemas, request);
    const call = await this.#parse(request, caller, schema);
    requireTrusted(call);
    const answer = await withRetries(() => this.#run(call)).catch((error: unknown) => {
      throw translateSqlError(error, caller.anonymous);
    });
    if (catalogue.schemas.length > 1) answer.headers['content-profile'] = schema;
    return this.#recorded(call, answer);
  }

  #catalogue(): Catalogue {
    const catalogue = this.#options.catalogue.current;
    if (catalogue) return catalogue;
    throw new ApiError(503, 'PGRST002', 'Could not query the database for the schema cache. Retrying.', { headers: { 'retry-after': '1' } });
  }

  /** A function that we don't know may be new. */
  async #parse(request: RowRequest, caller: Caller, schema: string): Promise<Call> {
    const { limits, sessions } = this.#options;
    const parse = (): Call => {
      const catalogue = this.#catalogue();
      return { request, caller, catalogue, schema, parsed: parseCall(request, schema, catalogue, { ...limits, plans: sessions.plans }) };
    };
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof ApiError) || error.body.code !== 'PGRST202' || !(await this.#options.catalogue.refreshForUnknown(schema, request.table)))
        throw error;
      return parse();
    }
  }

  async #run(call: Call): Promise<RowAnswer> {
    const { parsed, caller, catalogue } = call;
    const statement = compile(parsed, catalogue, this.#options.limits.maxRows);
    const session = this.#session(call, statement);
    const { principal, context } = caller;
    const shown = parsed.answer.plan ? NO_ROWS : statement;
    const { executor } = this.#options;
    if (isRead(parsed.method) || parsed.routine.volatility !== 'volatile') {
      const result = await executor.read(catalogue.governed, principal, shown, session);
      return answered(parsed, result, session);
    }
    const idempotency = keyOf(call, principal);
    const kept = idempotency?.saidBy ? { ...shown, text: keptAnswer(shown.text) } : shown;
    const result = await executor.write(catalogue.governed, { principal, context, statement: kept, session, ...(idempotency ? { idempotency } : {}) });
    if (result.outcome === 'mismatch') throw reusedKey();
    if (result.outcome === 'in-flight') throw twinStillRunning();
    return result.outcome === 'replayed' ? replayed(parsed, result.said, session) : answered(parsed, result, session);
  }

  #session({ request, parsed, catalogue, schema }: Call, statement: Statement): Session {
    const { routine, prefer, answer } = parsed;
    return sessionFor(this.#options.sessions, {
      request: { method: request.method, path: `/rpc/${encodeURIComponent(request.table)}`, headers: request.headers },
      schema,
      prefer,
      catalogue,
      also: answer.plan ? [planStep(statement, answer.plan)] : [],
      call: routine,
    });
  }

  /** What an agent is told by a function is on record, as what it reads. */
  async #recorded({ request, parsed, caller, catalogue, schema }: Call, answer: RowAnswer): Promise<RowAnswer> {
    const { agent } = caller.principal;
    if (agent === undefined) return answer;
    if (!catalogue.governed) return { ...answer, headers: { ...answer.headers, 'lakeloop-audited': 'false' } };
    return this.#options.reads.record({ schema, table: `rpc/${request.table}`, parsed, caller, agent, home: 'postgres', answer });
  }
}

/** A function of a role that requests run as could take another's place, and would, in a transaction of ours (decisions.md 2). */
function requireTrusted({ catalogue, parsed: { routine } }: Call): void {
  if (!catalogue.governed || !routine.ownedByAppRole) return;
  throw new ApiError(403, '42501', `permission denied for function ${routine.name}`, {
    details: 'Its owner is an app role, and what app roles write does not run here.',
    hint: `alter function ${routine.schema}.${routine.name} owner to a role that no request runs as.`,
  });
}

function compile({ routine, args, query, prefer, answer, range, method }: ParsedCall, catalogue: Catalogue, maxRows: number | undefined): Statement {
  const bounded = prefer.handling === 'strict' && prefer.maxAffected !== undefined;
  return compileCall({
    routine,
    catalogue,
    args,
    query,
    shape: callShape(routine, shapeOf(answer, method !== 'HEAD')),
    ...range,
    count: countedRows(prefer, maxRows),
    ...(bounded ? { allowed: { most: prefer.maxAffected } } : {}),
  });
}

/** One row is an object, and one value is itself. */
function callShape({ returns }: ParsedCall['routine'], shape: Shape): Shape {
  if (returns.kind === 'nothing') return { ...shape, body: 'none' };
  if (shape.body === 'handler' && shape.handler?.aggregate === undefined) return { ...shape, body: 'raw' };
  if (returns.kind === 'rows') return shape.body === 'array' && !returns.set ? { ...shape, body: 'object' } : shape;
  if (shape.body === 'array') return { ...shape, body: returns.set ? 'values' : 'value' };
  return shape.body === 'object' ? { ...shape, body: 'value' } : shape;
}

type Result = Awaited<ReturnType<RowExecutor['read']>>;

function answered(parsed: ParsedCall, { body, total, page, after = [] }: Result, session: Session): RowAnswer {
  const { answer, range, routine, method, prefer } = parsed;
  if (answer.plan) return planAnswer(parsed, after);
  const rows = routine.returns.set ? (page ?? 0) : 1;
  if (answer.body === 'object' && rows !== 1) throw notSingular(rows);
  const nothing = routine.returns.kind === 'nothing';
  const headers: Record<string, string> = { 'content-range': contentRange(range.offset, rows, total) };
  const applied = appliedPreferences(prefer, ['count', 'tx', 'handling', 'timezone', 'maxAffected']);
  if (applied !== undefined) headers['preference-applied'] = applied;
  if (!nothing) headers['content-type'] = answer.contentType;
  const kind = callShape(routine, shapeOf(answer, true)).body;
  const status = nothing ? 204 : rangeStatus(range.offset, rows, total);
  return overridden({ status, headers, body: nothing || method === 'HEAD' ? undefined : bytesOf(kind, body ?? '') }, leftBehind(session, after));
}

/** A repeat is not run again. What the function said the first time is said again, where it is kept for this caller; else that it was done. */
function replayed(parsed: ParsedCall, said: Said | undefined, session: Session): RowAnswer {
  if (!said) return { status: 204, headers: { 'idempotent-replayed': 'true', 'lakeloop-answer': 'not-kept' }, body: undefined };
  const { status, headers, ...answer } = said;
  const again = answered(parsed, { ...answer, extra: null, after: [[[status, headers]]] }, session);
  return { ...again, headers: { ...again.headers, 'idempotent-replayed': 'true' } };
}

function keyOf({ request, parsed, schema, caller }: Call, principal: Principal): IdempotencyKey | undefined {
  if (parsed.idempotencyKey === undefined) return undefined;
  const told = JSON.stringify([request.queryString, request.headers['prefer'] ?? '', request.body?.toString('base64') ?? '']);
  const toldTo = hash('sha256', JSON.stringify([whoAsks(caller.principal), request.headers['accept'] ?? '']), 'buffer');
  return {
    principal: principal.subject,
    method: request.method,
    path: `/rest/v1/rpc/${schema}.${request.table}`,
    key: parsed.idempotencyKey,
    requestHash: hash('sha256', told, 'buffer'),
    status: 204,
    statusOnly: true,
    ...(parsed.answer.plan ? {} : { saidBy: { schema, name: request.table, role: principal.role, toldTo } }),
  };
}

/** Claims that are another token's without being another's (RFC 7519 §4.1, OpenID Connect Core §2). */
const OF_TOKEN = new Set(['exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 's_hash']);

/** All that policies can ask of a caller. */
function whoAsks({ role, agent, onBehalfOf, claims }: Principal): unknown[] {
  const lasting = Object.entries(claims).filter(([name]) => !OF_TOKEN.has(name));
  return [role, agent ?? null, onBehalfOf ?? null, lasting.sort(([a], [b]) => (a < b ? -1 : 1))];
}
