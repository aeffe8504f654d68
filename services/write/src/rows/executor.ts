import type pg from 'pg';
import type { Answer, Governed, GovernedResult, IdempotencyKey } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { CONTEXT_PREFIX, type WriteContext } from '#libs/governance/write-context';
import { quoteLiteral } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import { ApiError } from './api-error.ts';
import type { Statement } from './compile/statement.ts';

export interface WriteCall {
  principal: Principal;
  context: WriteContext;
  statement: Statement;
  idempotency?: IdempotencyKey;
}

/** Runs statements as the principal: governed where our schema is, else under plain grants (decisions.md 8). */
export class RowExecutor {
  readonly #governed: Governed;
  readonly #pool: pg.Pool;

  constructor(governed: Governed, pool: pg.Pool) {
    this.#governed = governed;
    this.#pool = pool;
  }

  read(governed: boolean, principal: Principal, { text, parameters }: Statement): Promise<Answer> {
    if (governed) return this.#governed.read({ principal, statement: text, parameters, separate: true });
    return this.#native(`begin read only; ${become(principal)}`, { text, parameters });
  }

  async write(governed: boolean, { principal, context, statement, idempotency }: WriteCall): Promise<GovernedResult> {
    const { text, parameters } = statement;
    if (governed) return this.#governed.execute({ principal, context, statement: text, parameters, separate: true, ...(idempotency ? { idempotency } : {}) });
    if (idempotency)
      throw new ApiError(501, 'PGRST131', 'Idempotency-Key is not available on this database', {
        details: 'It needs the lakeloop schema, which is not installed, or a service login.',
        hint: 'Run lakeloop init, or leave the header out.',
      });
    const message = `select pg_catalog.pg_logical_emit_message(true, ${quoteLiteral(CONTEXT_PREFIX)}, ${quoteLiteral(JSON.stringify(context))})`;
    return { outcome: 'executed', ...(await this.#native(`begin; ${message}; ${become(principal)}`, statement)) };
  }

  /** Three round trips: without a function of ours there is no shorter way to set the role before the statement is checked. */
  #native(begin: string, { text, parameters }: Statement): Promise<Answer> {
    return transaction(
      this.#pool,
      async (client) => {
        const { rows } = await client.query<NativeRow>(text, [...parameters]);
        const { body, total, page, extra } = rows[0] as NativeRow;
        return { body, total: total === null ? null : Number(total), page: Number(page), extra: extra === null ? null : JSON.stringify(extra) };
      },
      begin,
    );
  }
}

interface NativeRow {
  body: string | null;
  total: string | null;
  page: string;
  extra: object | null;
}

/** PostgREST's settings: claims and role, until the transaction ends. */
function become({ role, claims }: Principal): string {
  const settings = { 'request.jwt.claims': JSON.stringify(claims), role };
  return `select ${Object.entries(settings)
    .map(([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`)
    .join(', ')}`;
}
