import type pg from 'pg';
import { type Answer, type GovernedResult, stepOf } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import type { PipelineStep, Row } from '#libs/postgres/exchange';
import { ApiError } from '../rows/api-error.ts';
import type { Statement } from '../rows/compile/statement.ts';
import { answerAmong, rowsOf, type StatementRunner, type WriteCall } from '../rows/executor.ts';
import { PLAIN, type Session, stepsOf } from '../rows/session.ts';

/**
 * Runs statements inside one governed transaction, which has the role, claims and context already. Each is behind a savepoint of its own, so that what is tried
 * once more after a refusal finds a transaction that still takes statements.
 */
export class BatchExecutor implements StatementRunner {
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  read(_governed: boolean, principal: Principal, statement: Statement, session: Session = PLAIN): Promise<Answer> {
    return this.#run(principal, statement, session);
  }

  async write(_governed: boolean, { principal, statement, idempotency, session = PLAIN }: WriteCall): Promise<GovernedResult> {
    if (idempotency) throw notHere('Idempotency-Key');
    if (session.rollback) throw notHere('Prefer: tx=rollback');
    return { outcome: 'executed', ...(await this.#run(principal, statement, session)) };
  }

  async #run(principal: Principal, { text, parameters }: Statement, session: Session): Promise<Answer> {
    const { before, after } = stepsOf(session);
    const steps: PipelineStep[] = [...before, stepOf({ principal, statement: text, parameters, separate: true }), ...after];
    await this.#client.query('savepoint request');
    try {
      const results: Row[][] = [];
      for (const step of steps) results.push(await rowsOf(this.#client, step.text, step.values));
      // They hold until the transaction ends, and that is not the request's end here.
      for (const [name] of session.settings) await this.#client.query(`set local ${name} to default`);
      await this.#client.query('release savepoint request');
      return answerAmong(results, before.length);
    } catch (error) {
      await this.#client.query('rollback to savepoint request');
      throw error;
    }
  }
}

function notHere(what: string): ApiError {
  return new ApiError(400, 'PGRST100', `${what} has no meaning for one request of a batch`, {
    hint: 'A batch is one transaction: all of it is kept, or nothing.',
  });
}
