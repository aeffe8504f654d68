import type { TableName } from '#libs/postgres/identifiers';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Relation } from '../catalogue/relation.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { attachment } from '../exports/content-disposition.ts';
import type { AnalyticalLayer } from './analytical-layer.ts';
import { answerFor, overridden, type Outcome, type OutcomeExtra } from './answer.ts';
import { ApiError } from './api-error.ts';
import { selectsByKey } from './compile/key.ts';
import { type CompileOptions, compileRequest, type ParsedRequest, parseRequest, type ReadLimits, type RequestStatement } from './compile-request.ts';
import type { Caller } from './caller.ts';
import { isRelated } from './compile/plan.ts';
import { UnknownColumn } from './compile/scope.ts';
import type { Statement } from './compile/statement.ts';
import { withRetries } from './concurrency.ts';
import { estimatedTotal, expectation, NO_ROWS, planAnswer, planStep } from './expectation.ts';
import type { RowExecutor, StatementRunner } from './executor.ts';
import { conditionForKeys, idempotencyOf, reusedKey, twinStillRunning } from './idempotency.ts';
import { preconditionFailed } from './if-match.ts';
import { isKeyset, noKeysetPages, withNextPage } from './keyset/keyset.ts';
import { extensionOf, handlersOf, type Offer, requireJsonAnswer } from './media-type.ts';
import type { PastLayer } from './past-layer.ts';
import { hiddenColumn, noPast, ofMoment, pastOf } from './past-read.ts';
import { QueryTrace, UNTRACED } from './query-trace.ts';
import type { ReadLog } from './read-log.ts';
import { readRelated } from './read-related.ts';
import { isRead, type RowAnswer, type RowRequest } from './row-request.ts';
import { leftBehind, type Session } from './session.ts';
import { sessionFor, type SessionPolicy } from './session-policy.ts';
import { otherRow } from './single-upsert.ts';
import { notSingular, RefusedCount, sqlStateOf, translateSqlError } from './sql-error.ts';
import { longRead, mayBeLong } from './stream/long-read.ts';
import type { RowStreams } from './stream/row-streams.ts';
import { StatementCache } from './statement-cache.ts';
import { contentLocation, profileOf, readOnly, relationOf, schemaOf, unknownTable } from './target.ts';
import type { VersionGrants } from './version-grants.ts';

export interface RowServiceOptions {
  catalogue: CatalogueCache;
  executor: StatementRunner;
  versions: VersionGrants;
  limits: ReadLimits;
  sessions: SessionPolicy;
  /** Whether reads tell where their time went. */
  timing: boolean;
  /** Reads of unknown length; absent inside a batch, which answers whole. */
  streams?: RowStreams;
  /** Tables as they were; absent inside a batch. */
  past?: PastLayer;
  /** The other home of tables; absent where there is no lakehouse. */
  analytical?: AnalyticalLayer;
  reads: ReadLog;
  /** Repeats what PostgreSQL undid because of concurrent work; a batch repeats all of it instead. */
  retried?: typeof withRetries;
}

/** No such table, no such schema. */
const NOT_HERE: ReadonlySet<string> = new Set(['PGRST205', 'PGRST106']);
/** SQLSTATEs of a value that its type does not take, and of types that don't go together. */
const OF_A_TYPE = /^(22...|42804|42846|42883)$/;
const ELSEWHERE_MS = 10_000;
const MOST_ELSEWHERE = 1_000;

/** What was asked, by whom. */
interface Asked {
  request: RowRequest;
  parsed: ParsedRequest;
  caller: Caller;
  schema: string;
  trace: QueryTrace;
}

/** A request on its way: also where it goes, and the catalogue it was compiled against. */
interface Work extends Asked {
  catalogue: Catalogue;
  relation: Relation;
}

/** Answers row requests: parse, look up, compile, execute, answer. Every refusal is an `ApiError`. */
export class RowService {
  readonly #options: RowServiceOptions;
  readonly #statements = new StatementCache();
  /** Names that PostgreSQL does not have and the lakehouse does → until when that counts. */
  readonly #elsewhere = new Map<string, number>();

  constructor(options: RowServiceOptions) {
    this.#options = options;
  }

  async answer(request: RowRequest, caller: Caller, trace = isRead(request.method) ? new QueryTrace() : UNTRACED): Promise<RowAnswer> {
    const started = performance.now();
    const { schemas } = this.#catalogue();
    const schema = profileOf(schemas, request);
    const parsed = parseRequest(request, this.#options.limits, this.#offer({ schema, name: request.table }));
    trace.add('parse', performance.now() - started);
    const answer = await this.#recorded({ request, parsed, caller, schema, trace }, await this.#route({ request, parsed, caller, schema, trace }));
    if (schemas.length > 1) answer.headers['content-profile'] = schema;
    if (isRead(request.method)) {
      answer.headers['content-location'] = contentLocation(request);
      if (parsed.prefer.download !== undefined)
        answer.headers['content-disposition'] = attachment(parsed.prefer.download, request.table, extensionOf(parsed.answer));
      if (this.#options.timing) answer.headers['server-timing'] = trace.header;
    }
    return answer;
  }

  /** Media types that the database writes for the table, or for any. */
  #offer(table: TableName): Offer {
    return { handlers: handlersOf(this.#catalogue().mediaHandlers, table), plans: this.#options.sessions.plans, exports: this.#options.streams !== undefined };
  }

  /** What an agent reads is on record before it is answered; where there is no audit, the answer says so. */
  async #recorded({ request, parsed, caller, schema, trace }: Asked, answer: RowAnswer): Promise<RowAnswer> {
    const { agent } = caller.principal;
    if (agent === undefined || !isRead(request.method)) return answer;
    if (!this.#catalogue().governed) return { ...answer, headers: { ...answer.headers, 'lakeloop-audited': 'false' } };
    return this.#options.reads.record({ schema, table: request.table, parsed, caller, agent, home: trace.home ?? 'postgres', answer });
  }

  /** By the table's home. */
  async #route(asked: Asked): Promise<RowAnswer> {
    const { request, parsed, caller, schema, trace } = asked;
    const { analytical, executor } = this.#options;
    const found = await this.#home(schema, request);
    if (found === 'lakehouse') {
      trace.home = 'lakehouse';
      if (!isRead(request.method)) throw readOnly(schema, request.table);
      requireJsonAnswer(parsed.answer, request.headers['accept']);
      requirePresent(parsed, 'A table of the lakehouse');
      return (analytical as AnalyticalLayer).read({ schema, table: request.table, request, parsed, caller, catalogue: this.#catalogue(), trace });
    }
    const elsewhere = parsed.query.embeds.filter((embed) => !isRelated(found.catalogue, found.relation, embed));
    if (analytical && elsewhere.length > 0 && isRead(request.method)) {
      trace.home = 'both';
      requireJsonAnswer(parsed.answer, request.headers['accept']);
      requirePresent(parsed, 'A page with related rows of the lakehouse');
      return readRelated({ request, parsed, elsewhere, caller, trace, analytical, executor, ...found });
    }
    const work: Work = { ...asked, ...found };
    if (parsed.query.asOf !== undefined) return this.#then(work);
    return this.#attempt(work).catch((error: unknown) => this.#again(work, error));
  }

  /** Tables as they were at a moment. */
  async #then(work: Work): Promise<RowAnswer> {
    const { parsed, caller, relation } = work;
    const { past: layer } = this.#options;
    if (!layer || !work.catalogue.governed) throw noPast('Nothing here');
    const then = await pastOf(layer, work, parsed.query, caller.principal.role).catch((error: unknown) => this.#refuse(work, error));
    const answer = await this.#attempt({ ...work, ...then }, false).catch((error: unknown) => this.#refuse(work, hiddenColumn(error, then.past, relation)));
    return ofMoment(answer, then.past);
  }

  /** PostgreSQL where it has the table, else the lakehouse where that has it. Once found there, a name is asked for in PostgreSQL again after a while. */
  async #home(schema: string, request: RowRequest): Promise<{ catalogue: Catalogue; relation: Relation } | 'lakehouse'> {
    const catalogue = this.#catalogue();
    const relation = relationOf(catalogue, schema, request.table);
    if (relation) return { catalogue, relation };
    const { analytical } = this.#options;
    if (!analytical) return this.#find(schemaOf(catalogue.schemas, request), request.table);
    const name = `${schema}.${request.table}`;
    if ((this.#elsewhere.get(name) ?? 0) > performance.now()) return 'lakehouse';
    try {
      return await this.#find(schemaOf(catalogue.schemas, request), request.table);
    } catch (error) {
      if (!(error instanceof ApiError && NOT_HERE.has(error.body.code)) || !(await analytical.has(schema, request.table))) throw error;
      if (this.#elsewhere.size >= MOST_ELSEWHERE) this.#elsewhere.clear();
      this.#elsewhere.set(name, performance.now() + ELSEWHERE_MS);
      return 'lakehouse';
    }
  }

  #catalogue(): Catalogue {
    const catalogue = this.#options.catalogue.current;
    if (catalogue) return catalogue;
    throw new ApiError(503, 'PGRST002', 'Could not query the database for the schema cache. Retrying.', { headers: { 'retry-after': '1' } });
  }

  /** A name we don't know may be new: look again in a newer catalogue before saying no. */
  async #find(schema: string, table: string): Promise<{ catalogue: Catalogue; relation: Relation }> {
    this.#catalogue();
    const found = await this.#options.catalogue.find(schema, table).catch((error: unknown) => {
      throw translateSqlError(error, false);
    });
    if (found) return found;
    throw unknownTable(this.#catalogue(), schema, table);
  }

  #refreshed(schema: string, table: string): Promise<boolean> {
    return this.#options.catalogue.refreshForUnknown(schema, table).catch((error: unknown) => {
      throw translateSqlError(error, false);
    });
  }

  /** Once more where a newer catalogue, or asking for less, may help; else the error's translation. */
  async #again(work: Work, error: unknown): Promise<RowAnswer> {
    const code = sqlStateOf(error);
    if (error instanceof UnknownColumn || code === '42P01' || code === '42703') {
      if (!(await this.#refreshed(work.schema, work.request.table)) && this.#catalogue() === work.catalogue) throw this.#translated(work, error);
      return this.#anew(work);
    }
    if (code !== undefined && OF_A_TYPE.test(code) && (await this.#hasOtherTypes(work))) return this.#anew(work);
    if (code === '42501' && work.parsed.ifMatch === undefined && this.#mayVersion(work)) return this.#withoutVersion(work);
    throw this.#translated(work, error);
  }

  async #anew(work: Work): Promise<RowAnswer> {
    return this.#attempt({ ...work, ...(await this.#find(work.schema, work.request.table)) }).catch((again: unknown) => this.#refuse(work, again));
  }

  /** A column that got another type a moment ago: the statement named the old one. */
  async #hasOtherTypes({ schema, request, catalogue }: Work): Promise<boolean> {
    return this.#catalogue() !== catalogue || this.#options.catalogue.refreshWhereOutdated(schema, request.table).catch(() => false);
  }

  /** The grant that was missing may be the one on the row version alone. */
  async #withoutVersion(work: Work): Promise<RowAnswer> {
    const answer = await this.#attempt(work, false).catch((error: unknown) => this.#refuse(work, error));
    this.#options.versions.refuse(work.caller.principal.role, work.relation.sql);
    return answer;
  }

  #refuse(work: Work, error: unknown): never {
    throw this.#translated(work, error);
  }

  #translated({ parsed, caller }: Work, error: unknown): ApiError {
    const refusal = translateSqlError(error, caller.anonymous);
    if (!(refusal instanceof RefusedCount)) return refusal;
    if (parsed.method === 'PUT') return otherRow();
    if (parsed.ifMatch !== undefined && refusal.rows === 0) return preconditionFailed();
    return parsed.answer.body === 'object' && refusal.rows !== 1 ? notSingular(refusal.rows) : refusal;
  }

  #mayVersion({ caller, relation }: Work): boolean {
    return this.#options.versions.mayRead(caller.principal.role, relation.sql);
  }

  #attempt(work: Work, versioned = work.parsed.ifMatch !== undefined || this.#mayVersion(work)): Promise<RowAnswer> {
    const { streams, limits, retried = withRetries } = this.#options;
    return retried(async () => {
      if (streams && mayBeLong(work.parsed, work.relation))
        return longRead(streams, { ...work, session: this.#session(work, NO_ROWS), maxRows: limits.maxRows });
      const statement = this.#compile(work, { versioned, maxRows: limits.maxRows });
      return isRead(work.parsed.method) ? this.#read(work, statement) : this.#write(work, statement);
    });
  }

  #compile({ request, parsed, relation, catalogue }: Work, options: CompileOptions): RequestStatement {
    const compile = (): RequestStatement => compileRequest(parsed, relation, catalogue, options);
    if (parsed.method !== 'POST' || parsed.ifMatch !== undefined) return compile();
    return this.#statements.insert(request, parsed, relation, options, compile);
  }

  async #read(work: Work, statement: RequestStatement): Promise<RowAnswer> {
    const { parsed, relation, catalogue, caller, trace } = work;
    trace.statement('postgres', statement.text);
    const { plan } = parsed.answer;
    const session = this.#session(work, statement);
    const reading = (): ReturnType<RowExecutor['read']> =>
      this.#options.executor.read(catalogue.governed, caller.principal, plan ? NO_ROWS : statement, session, isOneKnownRow(parsed, relation));
    const { after = [], ...answer } = await trace.time('postgres', reading);
    if (plan) return planAnswer(parsed, after);
    const outcome = outcomeOf(answer.body, answer.total, answer.page, answer.extra);
    const total = estimatedTotal(parsed.prefer.count, outcome.total, after, this.#options.limits.maxRows);
    const answered = answerFor(parsed, { ...outcome, total }, relation);
    const whole = statement.keyset ? withNextPage(answered, work.request, statement.keyset, { rows: outcome.page, extra: outcome.extra }) : answered;
    return overridden(whole, leftBehind(session, after));
  }

  async #write(work: Work, statement: Statement): Promise<RowAnswer> {
    const { request, parsed, relation, catalogue, caller, schema } = work;
    const idempotency = idempotencyOf(request, parsed, caller.principal, schema);
    const { principal, context } = caller;
    const session = this.#session(work, statement);
    const call = { principal, context, session, short: isOneNewRow(parsed), statement: parsed.answer.plan ? NO_ROWS : statement };
    const result = await this.#options.executor.write(catalogue.governed, { ...call, ...(idempotency ? { idempotency } : {}) });
    if (result.outcome === 'mismatch') throw reusedKey();
    if (result.outcome === 'in-flight') throw twinStillRunning();
    if (result.outcome === 'replayed') return this.#replay(work, result);
    if (parsed.answer.plan) return planAnswer(parsed, result.after ?? []);
    const answer = answerFor(parsed, outcomeOf(result.body, result.total, result.page, result.extra), relation);
    if (!relation.audited) answer.headers['lakeloop-audited'] = 'false';
    return overridden(answer, leftBehind(session, result.after ?? []));
  }

  #session({ request, parsed, schema, catalogue, relation }: Work, statement: Statement): Session {
    const { answer, prefer, method } = parsed;
    const counted = isRead(method) && (prefer.count === 'planned' || prefer.count === 'estimated');
    const also = answer.plan ? [planStep(statement, answer.plan)] : counted ? [expectation(parsed, relation, catalogue)] : [];
    const facts = { method: request.method, path: `/${encodeURIComponent(request.table)}`, headers: request.headers };
    return sessionFor(this.#options.sessions, { request: facts, schema, prefer, catalogue, also });
  }

  /** The answer of a write that was committed before: its status, and its rows as the caller may see them today. */
  async #replay(work: Work, { status, keys }: { status: number | null; keys: string | null }): Promise<RowAnswer> {
    const { parsed, relation, catalogue, caller } = work;
    const list = (JSON.parse(keys ?? '[]') ?? []) as string[][];
    const reading: ParsedRequest = {
      ...parsed,
      method: parsed.prefer.return === 'representation' ? 'GET' : 'HEAD',
      prefer: {},
      query: { ...parsed.query, conditions: [conditionForKeys(relation, list)], order: [] },
    };
    let outcome: Outcome = { body: null, total: null, page: list.length, extra: { keys: list } };
    if (list.length > 0) {
      const statement = compileRequest(reading, relation, catalogue, { versioned: false, maxRows: undefined });
      const { body } = await this.#options.executor.read(catalogue.governed, caller.principal, statement);
      outcome = { ...outcome, body };
    } else outcome.body = parsed.answer.body === 'array' ? '[]' : 'null';
    const answer = answerFor(parsed, outcome, relation);
    answer.headers['idempotent-replayed'] = 'true';
    return status === null ? answer : { ...answer, status };
  }
}

/** Neither pages by cursor nor a moment of the past: `what` has none. */
function requirePresent(parsed: ParsedRequest, what: string): void {
  if (isKeyset(parsed)) throw noKeysetPages(what);
  if (parsed.query.asOf !== undefined) throw noPast(what);
}

/** A row by its key is read in no time, whatever the table's size. */
function isOneKnownRow({ query }: ParsedRequest, relation: Relation): boolean {
  return query.embeds.length === 0 && selectsByKey(relation, query.conditions);
}

/** An insert of one row waits for a lock only where a key or a referenced row is being written. */
function isOneNewRow({ method, body, prefer }: ParsedRequest): boolean {
  return method === 'POST' && body?.form === 'object' && prefer.resolution === undefined;
}

function outcomeOf(body: string | null, total: number | null, page: number | null, extra: string | null): Outcome {
  return { body, total, page: page ?? 0, extra: extra === null ? {} : (JSON.parse(extra) as OutcomeExtra) };
}
