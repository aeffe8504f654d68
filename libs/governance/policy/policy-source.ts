import type pg from 'pg';
import type { Policy } from './policy.ts';

/** Our schema is absent: a database that was never initialised has no policy. */
const ABSENT = new Set(['42P01', '3F000']);

/** The policy in force; its document is read again only when its version has changed. */
export class PolicySource {
  readonly #pool: Pick<pg.Pool, 'query'>;
  #known: Policy | undefined;

  constructor(pool: Pick<pg.Pool, 'query'>) {
    this.#pool = pool;
  }

  /** Undefined when there is none. Throws what `pg` throws. */
  async current(): Promise<Policy | undefined> {
    try {
      const { rows } = await this.#pool.query<{ version: number; document: Policy | null }>({
        name: 'lakeloop.policy-in-force',
        text: 'select version, case when version is distinct from $1::int then document end as document from lakeloop.policy order by version desc limit 1',
        values: [this.#known?.version ?? null],
      });
      const row = rows[0];
      if (!row) return undefined;
      if (row.document) this.#known = { ...row.document, version: row.version };
      return this.#known;
    } catch (error) {
      if (ABSENT.has((error as { code?: string }).code ?? '')) return undefined;
      throw error;
    }
  }
}
