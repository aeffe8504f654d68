import { hash } from 'node:crypto';
import type pg from 'pg';
import { arrayLiteral, quoteLiteral } from '#libs/postgres/identifiers';
import { Failure } from '#libs/failure/failure';
import type { PipelineStep, Row } from '#libs/postgres/exchange';
import { GroupCommit } from '#libs/postgres/group-commit';
import { pipeline, pipelineOn } from '#libs/postgres/pipeline';
import { transaction } from '#libs/postgres/transaction';
import { newToken, tokenHash } from './context-token.ts';
import type { Principal } from './principal.ts';
import { serializeContext, traceIdOf, type WriteContext } from './write-context.ts';

/**
 * A statement that runs as a principal. Its SQL returns ONE row of
 * `(body text, total bigint, page bigint, extra jsonb)`; a column without meaning is null:
 * - `body`: the answer as JSON text, put together by Postgres; handed on as it is.
 * - `total`: rows that the filter matches in all; `page`: rows in `body`, or rows affected.
 * - `extra`: an object for the caller. For a write with an idempotency key it is wrapped in `keptOutcome`, and three names mean something: `keys`, the
 *   primary keys of the rows written (for the replay), `digest`, SHA-256 of the body in hex, and `status`, the HTTP status if not the one given in the call.
 * Every parameter is text or null, in one array: the statement casts them, `($1)[3]::numeric`; or each by itself, `$3::numeric`, when they are `separate`,
 * which costs the server less. Identifiers are quoted by its compiler.
 */
export interface GovernedStatement {
  principal: Principal;
  statement: string;
  parameters: readonly (string | null)[];
  separate?: boolean;
  /** It takes hardly any time, and waits for hardly anything: under load it may share an exchange with others (`GroupCommit`). */
  short?: boolean;
  /** Run as the principal, in the same transaction and round trip: settings before the statement, and what it left behind after it. */
  before?: readonly PipelineStep[];
  after?: readonly PipelineStep[];
}

export interface IdempotencyKey {
  /** What the key belongs to: principal, method, path. */
  principal: string;
  method: string;
  path: string;
  key: string;
  /** Hash of what must be the same in a repeat: query, Prefer and body. */
  requestHash: Buffer;
  /** Status to keep, unless `extra.status` says otherwise. */
  status: number;
  /** The status is all there is to keep: the statement is not wrapped in `keptOutcome`. */
  statusOnly?: boolean;
  /** What a function said is kept too (`keptAnswer`), for nobody else and as long as the role may call it. */
  saidBy?: { schema: string; name: string; role: string; toldTo: Buffer };
}

export interface Answer {
  body: string | null;
  total: number | null;
  page: number | null;
  /** JSON text; bigint-safe parsing is the caller's. */
  extra: string | null;
  /** The rows of each statement that came `after`. */
  after?: readonly (readonly Row[])[];
}

export type GovernedResult = ({ outcome: 'executed' } & Answer) | NotExecuted;

/** Why a write under an idempotency key was not carried out now. */
export type NotExecuted =
  /** Committed earlier under the same key and request: read the rows again by `keys` (JSON text), under today's policy. */
  | { outcome: 'replayed'; status: number | null; keys: string | null; digest: Buffer | null; statuses: string | null; said?: Said }
  /** The key was used for another request. */
  | { outcome: 'mismatch' }
  /** A twin holds the key and has not ended within 5 s. */
  | { outcome: 'in-flight' };

/** What a function said, as its statement gave it, and what it left in `response.status` and `response.headers`. */
export interface Said extends Pick<Answer, 'body' | 'total' | 'page'> {
  status: string | null;
  headers: string | null;
}

export interface TransactionCall {
  principal: Principal;
  context: WriteContext;
  /** Repeatable read, read only: no context message, no transaction id. */
  readOnly?: boolean;
}

/**
 * Statements under a principal's role, claims and context, on a service login's pool (decisions.md 1, 2). Grants and row-level security
 * decide, as they would for psql under the same role. Database errors pass through unchanged (`pg.DatabaseError`, by SQLSTATE).
 * Not for free SQL or untrusted functions: those could leave the role (docs/adr/0002-context-row.md).
 */
export class Governed {
  readonly #pool: pg.Pool;
  readonly #commits: GroupCommit;
  /** Of their own: a read has no flush to wait for. */
  readonly #reads: GroupCommit;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    this.#commits = new GroupCommit(pool);
    this.#reads = new GroupCommit(pool);
  }

  /** Runs a write in a transaction of its own, in one round trip: context, role and statement go to the server together. */
  async execute(call: GovernedStatement & { context: WriteContext; idempotency?: IdempotencyKey }): Promise<GovernedResult> {
    const { principal, context, idempotency } = call;
    const who = whoOf(principal, context);
    if (!idempotency) return { outcome: 'executed', ...(await this.#run(PLAIN, who, call)) };
    const claim = claimOf(idempotency);
    return this.#once(() => this.#run(CLAIMING, [...who, ...claim.values], call, endOf(idempotency, claim)), claim);
  }

  /** The statement and what belongs to it, in one round trip. */
  async #run(opening: Opening, values: readonly (string | null)[], call: GovernedStatement, end: readonly PipelineStep[] = []): Promise<Answer> {
    const { before = [], after = [], short } = call;
    const statement = stepOf(call);
    const { readOnly } = opening;
    const steps = [...before, statement, ...after, ...end];
    const alone = [{ ...opening.alone, values }, ...steps];
    const grouped = (wal: 'off' | null): PipelineStep[] => [{ ...opening.grouped, values: readOnly ? values : [...values, wal] }, ...steps];
    // A setting before a statement is for that one alone, and so is what one leaves behind.
    const alike = readOnly && steps.length === 1 ? values.join('\0') : undefined;
    const rows = short
      ? await (readOnly ? this.#reads : this.#commits).run(statement.name ?? '', { alone, grouped, readOnly, alike })
      : await pipeline(this.#pool, alone);
    const place = before.length + 1;
    const answer = answerOf(rows[place]);
    return after.length === 0 ? answer : { ...answer, after: rows.slice(place + 1, place + 1 + after.length) };
  }

  /** Anew when the row of the key was there, but was too old to count, or is gone by now. */
  async #once<T extends object>(run: () => Promise<T>, claim: Claim): Promise<({ outcome: 'executed' } & T) | NotExecuted> {
    for (;;) {
      try {
        return { outcome: 'executed', ...(await run()) };
      } catch (error) {
        if ((error as { code?: string }).code === 'LL001') return { outcome: 'in-flight' };
        if (!isUniqueKey(error)) throw error;
      }
      const kept = await this.#kept(claim);
      if (kept) return kept;
    }
  }

  /** What is kept under a key; undefined when it is free, or has just become so. */
  async #kept({ id, requestHash, saidBy }: Claim): Promise<NotExecuted | undefined> {
    const { rows } = await this.#pool.query<KeptKey>(KEPT, [id, requestHash]);
    const [kept] = rows;
    if (kept?.expired) await this.#pool.query('select lakeloop.forget_key($1)', [id]);
    if (!kept || kept.expired) return undefined;
    if (!kept.same) return { outcome: 'mismatch' };
    const replayed = { outcome: 'replayed', status: kept.status, keys: kept.keys, digest: kept.digest, statuses: kept.statuses } as const;
    if (!saidBy) return replayed;
    const { schema, name, role, toldTo } = saidBy;
    const said = await this.#pool.query<Said>(SAID, [id, toldTo, role, schema, name]);
    return said.rows[0] ? { ...replayed, said: said.rows[0] } : replayed;
  }

  /** Runs a read-only statement in one round trip. */
  async read(call: GovernedStatement): Promise<Answer> {
    return this.#run(READING, [roleOf(call.principal), claimsOf(call.principal)], call);
  }

  /** Several statements in one transaction. `openContext` gives the changes that follow another context (decisions.md 3). */
  async transaction<T>({ principal, context, readOnly = false }: TransactionCall, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const token = newToken();
    const begin = readOnly ? beginRead(principal) : beginWrite(principal, context, tokenHash(token));
    return transaction(this.#pool, (client) => (readOnly ? work(client) : withToken(client, token, work)), begin);
  }

  /** The same under an idempotency key. `work` gives the status of each of its parts too: they are what a repeat is answered with (JSON text). */
  async transactionOnce<T>(
    { principal, context, idempotency }: Omit<TransactionCall, 'readOnly'> & { idempotency: IdempotencyKey },
    work: (client: pg.PoolClient) => Promise<{ value: T; statuses: readonly number[] }>,
  ): Promise<{ outcome: 'executed'; value: T } | NotExecuted> {
    const claim = claimOf(idempotency);
    const opening = [...whoOf(principal, context), ...claim.values];
    const run = (): Promise<{ value: T }> =>
      transaction(this.#pool, async (client) => {
        const token = newToken();
        await pipelineOn(client, [{ ...CLAIMING_TRANSACTION, values: [...opening, tokenHash(token)] }]);
        const { value, statuses } = await withToken(client, token, work);
        const outcome = { text: `select set_config('lakeloop.outcome', $1, true)`, values: [JSON.stringify({ statuses })] };
        await pipelineOn(client, [outcome, LEAVE_ROLE, KEEP_OUTCOME]);
        return { value };
      });
    return this.#once(run, claim);
  }
}

async function withToken<T>(client: pg.PoolClient, token: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  TOKENS.set(client, token);
  try {
    return await work(client);
  } finally {
    TOKENS.delete(client);
  }
}

/** The token that opens the next context, by connection: known to this process alone until it is used. */
const TOKENS = new WeakMap<pg.PoolClient, string>();

/** In a `Governed.transaction`: what changes from here on belongs to `context`. The role stays. */
export async function openContext(client: pg.PoolClient, context: WriteContext): Promise<void> {
  const token = TOKENS.get(client);
  if (!token) throw new TypeError('openContext outside a governed transaction');
  const next = newToken();
  await client.query({
    name: 'lakeloop.reopen',
    text: 'select lakeloop.reopen($1, $2, $3, $4)',
    values: [token, serializeContext(context), traceIdOf(context.traceparent) ?? null, tokenHash(next)],
  });
  TOKENS.set(client, next);
}

/** The expression of `extra` in a write with an idempotency key: it leaves the outcome where the key's row is written from. */
export function keptOutcome(jsonb: string): string {
  return `pg_catalog.set_config('lakeloop.outcome', (${jsonb})::pg_catalog.text, true)`;
}

/** Longest body of a function that is kept, bytes. */
const MOST_SAID = 64 * 1024;

/** A statement that leaves what it says where `saidBy` keeps it from: longer than 64 KiB, that it was said. */
export function keptAnswer(statement: string): string {
  const said = `pg_catalog.json_build_object('body', case when pg_catalog.octet_length(a.body) <= ${MOST_SAID} then a.body end, 'total', a.total, 'page', a.page)`;
  return `select a.body, a.total, a.page, case when ${keptOutcome(said)} is null then a.extra end as extra from (${statement}) a`;
}

/** How a transaction begins: `alone`, or among others, if it writes with `synchronous_commit` as one parameter more (`GroupedTransaction`). */
interface Opening {
  readOnly: boolean;
  alone: Omit<PipelineStep, 'values'>;
  grouped: Omit<PipelineStep, 'values'>;
}

/** In this order: the request needs a transaction without an id, and the login's own rights; the role comes behind both. */
const open = (
  columns = '',
  values = '',
  condition = '',
): string => `insert into lakeloop.opening (role, context, trace_id${columns}) select $1, $2, $4${values}${condition}
  returning set_config('lakeloop.request', id::text, true), set_config('request.jwt.claims', $3, true), set_config('role', $1, true),
    pg_logical_emit_message(true, 'lakeloop.ctx', $2)`;
/** Whoever waits for a lock in a group keeps others waiting. */
const HARDLY_WAITING = `, set_config('lock_timeout', '10ms', true)`;
const among = (wal: string): string => `, set_config('synchronous_commit', coalesce(${wal}, current_setting('synchronous_commit')), true)${HARDLY_WAITING}`;
const PLAIN: Opening = {
  readOnly: false,
  alone: { name: 'lakeloop.open', text: open() },
  grouped: { name: 'lakeloop.open-grouped', text: `${open()}${among('$5')}` },
};
/** The lock of an idempotency key is taken first, so that a twin is waited for; the row of a twin that has committed refuses ours. */
const CLAIM = ' where pg_try_advisory_xact_lock($5) or lakeloop.await_key($5)';
const KEY_COLUMNS = [', key_id, key_hash, status', ', $6::bytea, $7::bytea, $8::integer'] as const;
const CLAIMING: Opening = {
  readOnly: false,
  alone: { name: 'lakeloop.open-claiming', text: open(...KEY_COLUMNS, CLAIM) },
  grouped: {
    name: 'lakeloop.open-claiming-grouped',
    text: `${open(...KEY_COLUMNS, ` where pg_try_advisory_xact_lock($5) or lakeloop.fail(409, 'the idempotency key is in use')`)}${among('$9')}`,
  },
};
/** `next` is the token that opens the next context. */
const CLAIMING_TRANSACTION = { name: 'lakeloop.open-claiming-transaction', text: open(`${KEY_COLUMNS[0]}, next`, `${KEY_COLUMNS[1]}, $9`, CLAIM) };
const OPEN_READ = `select set_config('transaction_read_only', 'on', true), set_config('request.jwt.claims', $2, true), set_config('role', $1, true)`;
const READING: Opening = {
  readOnly: true,
  alone: { name: 'lakeloop.open-read', text: OPEN_READ },
  grouped: { name: 'lakeloop.open-read-grouped', text: `${OPEN_READ}${HARDLY_WAITING}` },
};
/** The request's row is the service's, not the app role's. */
const LEAVE_ROLE: PipelineStep = { name: 'lakeloop.leave-role', text: 'reset role', values: [] };
const KEEP_OUTCOME: PipelineStep = {
  name: 'lakeloop.keep-outcome',
  text: `update lakeloop.outcome set outcome = current_setting('lakeloop.outcome')::json where id = current_setting('lakeloop.request')::bigint`,
  values: [],
};
const KEPT = `select k.key_hash = $2 as same, k.expired, coalesce((k.outcome ->> 'status')::integer, k.status) as status, k.outcome ->> 'keys' as keys,
  decode(k.outcome ->> 'digest', 'hex') as digest, k.outcome ->> 'statuses' as statuses from lakeloop.kept_key k where k.key_id = $1`;

/** Counts fit a double: they are of one answer. */
const SAID = 'select body, total::float8, page::float8, status, headers from lakeloop.answer_kept($1, $2, $3, $4, $5)';

interface KeptKey {
  same: boolean;
  expired: boolean;
  status: number | null;
  keys: string | null;
  digest: Buffer | null;
  statuses: string | null;
}

/** An idempotency key as the database knows it: `\x…` for bytes. */
interface Claim {
  id: string;
  requestHash: string;
  /** Parameters of an opening: advisory lock, from the id's first bytes; id, hash, status. */
  values: readonly string[];
  saidBy: IdempotencyKey['saidBy'];
}

/** What is kept, at the end of the transaction. */
function endOf({ statusOnly, saidBy }: IdempotencyKey, { id }: Claim): PipelineStep[] {
  if (saidBy)
    return [LEAVE_ROLE, { name: 'lakeloop.keep-answer', text: 'select lakeloop.keep_answer($1::bytea, $2::bytea)', values: [id, bytea(saidBy.toldTo)] }];
  return statusOnly ? [] : [LEAVE_ROLE, KEEP_OUTCOME];
}

/** JSON separates the four parts unambiguously. */
function claimOf({ principal, method, path, key, requestHash, status, saidBy }: IdempotencyKey): Claim {
  const bytes = hash('sha256', JSON.stringify([principal, method, path, key]), 'buffer');
  const [id, told] = [bytea(bytes), bytea(requestHash)];
  return { id, requestHash: told, values: [bytes.readBigInt64BE().toString(), id, told, String(status)], saidBy };
}

function bytea(bytes: Buffer): string {
  return String.raw`\x${bytes.toString('hex')}`;
}

/** Object id of `text[]` (pg_type.dat). */
const TEXT_ARRAY = 1009;

/** Prepared by role too: a plan under one role's row-level security is of no use to another. */
export function stepOf({ principal, statement, parameters, separate }: GovernedStatement): PipelineStep {
  const name = nameOf(principal.role, statement);
  if (separate) return { name, text: statement, values: parameters };
  return parameters.length === 0 ? { name, text: statement, values: [] } : { name, text: statement, types: [TEXT_ARRAY], values: [arrayLiteral(parameters)] };
}

/** Hashing a statement costs more than finding its name again; the cache holds what connections hold, and starts anew when full. */
const NAMES = new Map<string, Map<string, string>>();

function nameOf(role: string, statement: string): string {
  const names = NAMES.get(role) ?? new Map<string, string>();
  NAMES.set(role, names);
  let name = names.get(statement);
  if (name === undefined) {
    if (names.size >= 1_000) names.clear();
    if (NAMES.size >= 1_000) NAMES.clear();
    names.set(statement, (name = hash('md5', `${role}\0${statement}`, 'base64url')));
  }
  return name;
}

/** `none` is no role but a way back to the login's own rights. */
function roleOf({ role }: Principal): string {
  if (role.toLowerCase() === 'none') throw new Failure('forbidden', 'none is not a role');
  return role;
}

/** The first parameters of whatever opens a transaction: role, context, claims, trace id. */
function whoOf(principal: Principal, context: WriteContext): (string | null)[] {
  return [roleOf(principal), serializeContext(context), claimsOf(principal), traceIdOf(context.traceparent) ?? null];
}

function beginWrite(principal: Principal, context: WriteContext, next: string): string {
  const values = [...whoOf(principal, context), next];
  return `begin; select lakeloop.open(${values.map((value) => quoteLiteral(value ?? '')).join(', ')})`;
}

function beginRead(principal: Principal): string {
  return `begin isolation level repeatable read read only;
    select set_config('request.jwt.claims', ${quoteLiteral(claimsOf(principal))}, true), set_config('role', ${quoteLiteral(roleOf(principal))}, true)`;
}

function claimsOf(principal: Principal): string {
  return JSON.stringify(principal.claims);
}

/** The one row of a governed statement. */
export function answerOf(rows: readonly Row[] | undefined): Answer {
  const [body = null, total = null, page = null, extra = null] = rows?.[0] ?? [];
  return { body, total: total === null ? null : Number(total), page: page === null ? null : Number(page), extra };
}

function isUniqueKey(error: unknown): boolean {
  const { code, constraint, schema } = error as { code?: string; constraint?: string; schema?: string };
  return code === '23505' && schema === 'audit' && constraint === 'request_key';
}
