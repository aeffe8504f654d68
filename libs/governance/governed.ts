import { hash } from 'node:crypto';
import type pg from 'pg';
import { quoteLiteral } from '#libs/postgres/identifiers';
import { Failure } from '#libs/failure/failure';
import { pipeline, type PipelineStep, type Row } from '#libs/postgres/pipeline';
import { transaction } from '#libs/postgres/transaction';
import { newToken, tokenHash } from './context-token.ts';
import type { Principal } from './principal.ts';
import { serializeContext, type WriteContext } from './write-context.ts';

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
}

export interface Answer {
  body: string | null;
  total: number | null;
  page: number | null;
  /** JSON text; bigint-safe parsing is the caller's. */
  extra: string | null;
}

export type GovernedResult =
  | ({ outcome: 'executed' } & Answer)
  /** Committed earlier under the same key and request: read the rows again by `keys` (JSON text), under today's policy. */
  | { outcome: 'replayed'; status: number | null; keys: string | null; digest: Buffer | null }
  /** The key was used for another request. */
  | { outcome: 'mismatch' }
  /** A twin holds the key and has not ended within 5 s. */
  | { outcome: 'in-flight' };

export interface TransactionCall {
  principal: Principal;
  context: WriteContext;
  /** Repeatable read, read only: no context message, no transaction id. */
  readOnly?: boolean;
}

/**
 * Statements under a principal's role, claims and context, on a service login's pool (decisions.md 1, 2). Grants and row-level security
 * decide, as they would for psql under the same role. Database errors pass through unchanged (`pg.DatabaseError`, by SQLSTATE).
 * Not for free SQL or untrusted functions: those could leave the role (docs/adr/0002-sealed-context.md).
 */
export class Governed {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Runs a write in a transaction of its own, in one round trip: context, role and statement go to the server together. */
  async execute(call: GovernedStatement & { context: WriteContext; idempotency?: IdempotencyKey }): Promise<GovernedResult> {
    const { principal, context, idempotency } = call;
    const who = [roleOf(principal), serializeContext(context), claimsOf(principal)];
    if (!idempotency) {
      const [, rows] = await pipeline(this.#pool, [{ name: 'lakeloop.open', text: OPEN, values: who }, stepOf(call)]);
      return { outcome: 'executed', ...answerOf(rows) };
    }
    const claim = claimOf(idempotency);
    const open = { name: 'lakeloop.open-claiming', text: OPEN_CLAIMING, values: [...who, claim.lock, claim.id, claim.requestHash] };
    const steps = [open, stepOf(call), LEAVE_ROLE, keepOutcome(idempotency, claim)];
    return this.#once(steps, claim).catch((error: unknown) => {
      if (!isUniqueKey(error)) throw error;
      // A twin committed between our look and our lock: now the look finds it.
      return this.#once(steps, claim);
    });
  }

  async #once(steps: readonly PipelineStep[], claim: Claim): Promise<GovernedResult> {
    try {
      const [, rows] = await pipeline(this.#pool, steps);
      return { outcome: 'executed', ...answerOf(rows) };
    } catch (error) {
      const taken = keyTaken(error);
      if (taken === undefined) throw error;
      if (taken !== 'expired') return taken;
      await this.#pool.query(FORGET_EXPIRED, [claim.id]);
      return this.#once(steps, claim);
    }
  }

  /** Runs a read-only statement in one round trip. */
  async read(call: GovernedStatement): Promise<Answer> {
    const open = { name: 'lakeloop.open-read', text: OPEN_READ, values: [roleOf(call.principal), claimsOf(call.principal)] };
    const [, rows] = await pipeline(this.#pool, [open, stepOf(call)]);
    return answerOf(rows);
  }

  /** Several statements in one transaction. `openContext` gives the changes that follow another context (decisions.md 3). */
  async transaction<T>({ principal, context, readOnly = false }: TransactionCall, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const token = newToken();
    const begin = readOnly ? beginRead(principal) : beginWrite(principal, context, tokenHash(token));
    const governed = async (client: pg.PoolClient): Promise<T> => {
      if (!readOnly) TOKENS.set(client, token);
      try {
        return await work(client);
      } finally {
        TOKENS.delete(client);
      }
    };
    return transaction(this.#pool, governed, begin);
  }
}

/** The token that opens the next context, by connection: known to this process alone until it is used. */
const TOKENS = new WeakMap<pg.PoolClient, string>();

/** In a `Governed.transaction`: what changes from here on belongs to `context`. The role stays. */
export async function openContext(client: pg.PoolClient, context: WriteContext): Promise<void> {
  const token = TOKENS.get(client);
  if (!token) throw new TypeError('openContext outside a governed transaction');
  const next = newToken();
  await client.query({ name: 'lakeloop.reseal', text: 'select lakeloop.reseal($1, $2, $3)', values: [token, serializeContext(context), tokenHash(next)] });
  TOKENS.set(client, next);
}

/** The expression of `extra` in a write with an idempotency key: it leaves the outcome where the key's row is written from. */
export function keptOutcome(jsonb: string): string {
  return `pg_catalog.set_config('lakeloop.outcome', (${jsonb})::pg_catalog.text, true)`;
}

/** In this order: the seal is made over the settings before it. The rights to make it are checked when the statement starts, before the role changes. */
const OPEN = `select set_config('lakeloop.ctx', $2, true), set_config('request.jwt.claims', $3, true), set_config('role', $1, true),
  set_config('lakeloop.seal', (select s.seal from lakeloop.new_seal s), true), pg_logical_emit_message(true, 'lakeloop.ctx', $2)`;
/** With a key: its lock is taken, and its row looked for, before anything else. */
const OPEN_CLAIMING = OPEN.replace(
  'select ',
  `select case when not pg_try_advisory_xact_lock($4) or exists (select from lakeloop.idempotency_key k where k.id = $5) then lakeloop.claim_key($4, $5, $6) end, `,
);
const OPEN_READ = `select set_config('transaction_read_only', 'on', true), set_config('request.jwt.claims', $2, true), set_config('role', $1, true)`;
/** The key's row is the service's, not the app role's. */
const LEAVE_ROLE: PipelineStep = { name: 'lakeloop.leave-role', text: 'reset role', values: [] };
const KEEP_OUTCOME = `insert into lakeloop.idempotency_key (id, principal, method, path, key, request_hash, status, outcome)
  values ($1, $2, $3, $4, $5, $6, $7, nullif(current_setting('lakeloop.outcome', true), '')::json)`;
const FORGET_EXPIRED = `delete from lakeloop.idempotency_key where id = $1 and created_at <= now() - interval '24 hours'`;

/** An idempotency key as the database knows it: `\x…` for bytes. */
interface Claim {
  /** Advisory lock, from the id's first bytes. */
  lock: string;
  id: string;
  requestHash: string;
}

/** JSON separates the four parts unambiguously. */
function claimOf({ principal, method, path, key, requestHash }: IdempotencyKey): Claim {
  const id = hash('sha256', JSON.stringify([principal, method, path, key]), 'buffer');
  return { lock: id.readBigInt64BE().toString(), id: bytea(id), requestHash: bytea(requestHash) };
}

function bytea(bytes: Buffer): string {
  return String.raw`\x${bytes.toString('hex')}`;
}

function keepOutcome(key: IdempotencyKey, { id, requestHash }: Claim): PipelineStep {
  return { name: 'lakeloop.keep-outcome', text: KEEP_OUTCOME, values: [id, key.principal, key.method, key.path, key.key, requestHash, String(key.status)] };
}

/** Object id of `text[]` (pg_type.dat). */
const TEXT_ARRAY = 1009;

/** Prepared by role too: a plan under one role's row-level security is of no use to another. */
function stepOf({ principal, statement, parameters, separate }: GovernedStatement): PipelineStep {
  const name = nameOf(principal.role, statement);
  if (separate) return { name, text: statement, values: parameters };
  return parameters.length === 0 ? { name, text: statement, values: [] } : { name, text: statement, types: [TEXT_ARRAY], values: [textArray(parameters)] };
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

function textArray(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`)).join(',')}}`;
}

/** `none` is no role but a way back to the login's own rights. */
function roleOf({ role }: Principal): string {
  if (role.toLowerCase() === 'none') throw new Failure('forbidden', 'none is not a role');
  return role;
}

function beginWrite(principal: Principal, context: WriteContext, next: string): string {
  const values = [roleOf(principal), serializeContext(context), claimsOf(principal), next];
  return `begin; select lakeloop.open(${values.map(quoteLiteral).join(', ')})`;
}

function beginRead(principal: Principal): string {
  return `begin isolation level repeatable read read only;
    select set_config('request.jwt.claims', ${quoteLiteral(claimsOf(principal))}, true), set_config('role', ${quoteLiteral(roleOf(principal))}, true)`;
}

function claimsOf(principal: Principal): string {
  return JSON.stringify(principal.claims);
}

function answerOf(rows: readonly Row[] | undefined): Answer {
  const [body = null, total = null, page = null, extra = null] = rows?.[0] ?? [];
  return { body, total: total === null ? null : Number(total), page: page === null ? null : Number(page), extra };
}

/** What lakeloop.claim_key says of a key that is taken; undefined when the error is another. */
function keyTaken(error: unknown): Exclude<GovernedResult, { outcome: 'executed' }> | 'expired' | undefined {
  const { code, detail } = error as { code?: string; detail?: string };
  if (code !== 'LL001') return undefined;
  const taken = JSON.parse(detail ?? '') as {
    outcome: 'replayed' | 'mismatch' | 'in-flight' | 'expired';
    status?: number;
    keys?: unknown;
    digest?: string;
  };
  if (taken.outcome === 'expired') return 'expired';
  if (taken.outcome !== 'replayed') return { outcome: taken.outcome };
  const keys = taken.keys === undefined ? null : JSON.stringify(taken.keys);
  return { outcome: 'replayed', status: taken.status ?? null, keys, digest: taken.digest === undefined ? null : Buffer.from(taken.digest, 'hex') };
}

function isUniqueKey(error: unknown): boolean {
  const { code, constraint, schema } = error as { code?: string; constraint?: string; schema?: string };
  return code === '23505' && schema === 'lakeloop' && constraint === 'idempotency_key_pkey';
}
