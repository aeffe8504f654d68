import type pg from 'pg';
import { quoteLiteral } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import { newToken, tokenHash } from './context-token.ts';
import type { Principal } from './principal.ts';
import { serializeContext, type WriteContext } from './write-context.ts';

/**
 * A statement that runs as a principal. Its SQL returns ONE row of
 * `(body text, total bigint, page bigint, extra jsonb)`; a column without meaning is null:
 * - `body`: the answer as JSON text, put together by Postgres; handed on as it is.
 * - `total`: rows that the filter matches in all; `page`: rows in `body`, or rows affected.
 * - `extra`: an object for the caller. Two names mean something here, for a write with an idempotency key: `keys`, the primary keys
 *   of the rows written (kept for the replay), and `status`, the HTTP status if it is not the one given in the call.
 * Every parameter is text or null, in one array: the statement casts them, `($1)[3]::numeric`. Identifiers are quoted by its compiler.
 */
export interface GovernedStatement {
  principal: Principal;
  statement: string;
  parameters: readonly (string | null)[];
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

  /** Runs a write in a transaction of its own, in one round trip. */
  async execute(call: GovernedStatement & { context: WriteContext; idempotency?: IdempotencyKey }): Promise<GovernedResult> {
    const { principal, context, statement, parameters, idempotency } = call;
    const common = [principal.role, serializeContext(context), claimsOf(principal), statement, parameters];
    try {
      const { rows } = await (idempotency
        ? this.#pool.query<ExecuteRow>({
            name: 'lakeloop.execute.once',
            text: EXECUTE_ONCE,
            values: [...common, idempotencyId(idempotency), idempotency.requestHash, describe(idempotency)],
          })
        : this.#pool.query<ExecuteRow>({ name: 'lakeloop.execute', text: EXECUTE, values: common }));
      return resultOf(rows[0] as ExecuteRow);
    } catch (error) {
      if (idempotency && waitedForTwin(error)) return { outcome: 'in-flight' };
      throw error;
    }
  }

  /** Runs a read-only statement in one round trip. */
  async read({ principal, statement, parameters }: GovernedStatement): Promise<Answer> {
    const values = [principal.role, claimsOf(principal), statement, parameters];
    const { rows } = await this.#pool.query<ExecuteRow>({ name: 'lakeloop.read', text: READ, values });
    return answerOf(rows[0] as ExecuteRow);
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

interface ExecuteRow {
  outcome: 'executed' | 'replayed' | 'mismatch';
  body: string | null;
  total: string | null;
  page: string | null;
  extra: string | null;
  stored_status: number | null;
  stored_keys: string | null;
  stored_digest: Buffer | null;
}

const EXECUTE = 'select outcome, body, total, page, extra::text from lakeloop.execute($1, $2, $3, $4, $5)';
const EXECUTE_ONCE = `select outcome, body, total, page, extra::text, stored_status, stored_keys::text, stored_digest
from lakeloop.execute($1, $2, $3, $4, $5, sha256(convert_to($6::text, 'UTF8')), $7, $8)`;
const READ = 'select body, total, page, extra::text from lakeloop.read($1, $2, $3, $4)';

function beginWrite(principal: Principal, context: WriteContext, next: string): string {
  const values = [principal.role, serializeContext(context), claimsOf(principal), next];
  return `begin; select lakeloop.open(${values.map(quoteLiteral).join(', ')})`;
}

function beginRead(principal: Principal): string {
  return `begin isolation level repeatable read read only;
    select set_config('request.jwt.claims', ${quoteLiteral(claimsOf(principal))}, true), set_config('role', ${quoteLiteral(principal.role)}, true)`;
}

function claimsOf(principal: Principal): string {
  return JSON.stringify(principal.claims);
}

/** JSON separates the four parts unambiguously. */
function idempotencyId({ principal, method, path, key }: IdempotencyKey): string {
  return JSON.stringify([principal, method, path, key]);
}

function describe({ principal, method, path, key, status }: IdempotencyKey): string {
  return JSON.stringify({ principal, method, path, key, status });
}

function resultOf(row: ExecuteRow): GovernedResult {
  if (row.outcome === 'executed') return { outcome: 'executed', ...answerOf(row) };
  if (row.outcome === 'mismatch') return { outcome: 'mismatch' };
  return { outcome: 'replayed', status: row.stored_status, keys: row.stored_keys, digest: row.stored_digest };
}

function answerOf(row: ExecuteRow): Answer {
  return { body: row.body, total: row.total === null ? null : Number(row.total), page: row.page === null ? null : Number(row.page), extra: row.extra };
}

/** 55P03 while inserting the key, not in the statement itself (a `lock_timeout` of the database's own). */
function waitedForTwin(error: unknown): boolean {
  const { code, where } = error as { code?: string; where?: string };
  return code === '55P03' && (where ?? '').includes('insert into lakeloop.idempotency_key');
}
