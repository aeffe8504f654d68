import type pg from 'pg';
import { type Answer, answerOf, type Governed, type GovernedResult, type IdempotencyKey, stepOf } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { CONTEXT_PREFIX, type WriteContext } from '#libs/governance/write-context';
import type { PipelineStep, Row } from '#libs/postgres/exchange';
import { pipeline } from '#libs/postgres/pipeline';
import { transaction } from '#libs/postgres/transaction';
import { ApiError } from './api-error.ts';
import type { Statement } from './compile/statement.ts';
import { PLAIN, type Session, stepsOf } from './session.ts';

export interface WriteCall {
  principal: Principal;
  context: WriteContext;
  statement: Statement;
  idempotency?: IdempotencyKey;
  session?: Session;
  /** Takes hardly any time, and waits for hardly anything: `GovernedStatement.short`. */
  short?: boolean;
}

/** What a row request needs of an executor: another one runs statements inside a transaction that is there (../batch). */
export type StatementRunner = Pick<RowExecutor, 'read' | 'write'>;

/** Runs statements as the principal: governed where our schema is, else under plain grants (decisions.md 8). */
export class RowExecutor {
  readonly #governed: Governed;
  readonly #pool: pg.Pool;

  constructor(governed: Governed, pool: pg.Pool) {
    this.#governed = governed;
    this.#pool = pool;
  }

  async read(governed: boolean, principal: Principal, { text, parameters }: Statement, session: Session = PLAIN, short = false): Promise<Answer> {
    const { before, after } = stepsOf(session);
    const call = { principal, statement: text, parameters, separate: true, short, before, after };
    if (governed) return this.#governed.read(call);
    return answerAmong(await pipeline(this.#pool, [become('read', principal, READ_ONLY), ...before, stepOf(call), ...after]), before.length + 1);
  }

  async write(governed: boolean, { principal, context, statement, idempotency, session = PLAIN, short = false }: WriteCall): Promise<GovernedResult> {
    const { before, after } = stepsOf(session);
    const call = { principal, statement: statement.text, parameters: statement.parameters, separate: true, before, after };
    if (idempotency && !governed) throw withoutKeys();
    if (session.rollback)
      return { outcome: 'executed', ...(await this.#undone(governed, principal, context, [...before, stepOf(call), ...after], before.length)) };
    if (governed) return this.#governed.execute({ ...call, context, short, ...(idempotency ? { idempotency } : {}) });
    const steps = [become('write', principal, message(context)), ...before, stepOf(call), ...after];
    return { outcome: 'executed', ...answerAmong(await pipeline(this.#pool, steps), before.length + 1) };
  }

  /** Carried out, constraints and all, and then undone. */
  async #undone(governed: boolean, principal: Principal, context: WriteContext, steps: readonly PipelineStep[], place: number): Promise<Answer> {
    const work = async (client: pg.PoolClient): Promise<never> => {
      const results: Row[][] = [];
      for (const { text, values } of steps) results.push(await rowsOf(client, text, values));
      await client.query('set constraints all immediate');
      throw new Undone(answerAmong(results, place));
    };
    const { text, values } = become('write', principal, message(context));
    const native = async (client: pg.PoolClient): Promise<never> => {
      await client.query(text, [...values]);
      return work(client);
    };
    try {
      return governed ? await this.#governed.transaction({ principal, context }, work) : await transaction(this.#pool, native);
    } catch (error) {
      if (error instanceof Undone) return error.answer;
      throw error;
    }
  }
}

/** Leaves a transaction with what it found. */
class Undone extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('undone as asked');
    this.answer = answer;
  }
}

export function answerAmong(results: readonly (readonly Row[])[], place: number): Answer {
  return { ...answerOf(results[place]), after: results.slice(place + 1) };
}

/** Rows of a statement as they come: lists of texts. */
export async function rowsOf(client: pg.ClientBase, text: string, values: readonly (string | null)[]): Promise<Row[]> {
  const types = { getTypeParser: () => (value: string) => value };
  const { rows } = await client.query<string[]>({ text, values: [...values], rowMode: 'array', types });
  return rows;
}

const READ_ONLY = [`pg_catalog.set_config('transaction_read_only', $3, true)`, 'on'] as const;

function message(context: WriteContext): readonly [sql: string, value: string] {
  return [`pg_catalog.pg_logical_emit_message(true, '${CONTEXT_PREFIX}', $3)`, JSON.stringify(context)];
}

/** PostgREST's settings: claims and role, until the transaction ends. The role comes last: what is before it is the login's to do. */
function become(name: string, { role, claims }: Principal, [sql, value]: readonly [sql: string, value: string]): PipelineStep {
  const text = `select ${sql}, pg_catalog.set_config('request.jwt.claims', $1, true), pg_catalog.set_config('role', $2, true)`;
  return { name: `lakeloop.native-${name}`, text, values: [JSON.stringify({ ...claims, role }), role, value] };
}

function withoutKeys(): ApiError {
  return new ApiError(501, 'PGRST131', 'Idempotency-Key is not available on this database', {
    details: 'It needs the lakeloop schema, which is not installed, or a service login.',
    hint: 'Run lakeloop init, or leave the header out.',
  });
}
