import type pg from 'pg';
import { Governed } from '#libs/governance/governed';
import type { Principal } from '#libs/governance/principal';
import { newTraceparent } from '#libs/runtime/telemetry';

/** Read transactions under subscribers' roles; never more at once than leave the pool a connection for everything else. */
export class SubscriberReader {
  readonly #governed: Governed;
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(pool: pg.Pool) {
    this.#governed = new Governed(pool);
    this.#free = Math.max(1, (pool.options.max ?? 10) - 3);
  }

  /** Repeatable read, read only. */
  async read<T>(principal: Principal, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#free -= 1;
    try {
      const context = { actor: principal.subject, requestId: 'subscription', traceparent: newTraceparent(), hop: 0 };
      return await this.#governed.transaction({ principal, context, readOnly: true }, work);
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
