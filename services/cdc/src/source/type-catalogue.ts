import type pg from 'pg';
import type { TypeDescription } from '../change/type-description.ts';

/** A domain's base and an array's element come along. Only the system's own input functions and hstore's are known by name. */
const DESCRIBE = `
  with recursive wanted (oid) as (
    select unnest($1::oid[])
    union
    select case when t.typbasetype <> 0 then t.typbasetype else t.typelem end
      from pg_catalog.pg_type t join wanted using (oid)
     where t.typbasetype <> 0 or t.typinput = 'pg_catalog.array_in'::regproc
  )
  select t.oid,
         case when p.pronamespace = 'pg_catalog'::regnamespace or p.proname = 'hstore_in' then p.proname else '' end as input,
         t.typbasetype as "baseOid", t.typtypmod as "baseModifier",
         case when t.typinput = 'pg_catalog.array_in'::regproc then t.typelem else 0 end as "elementOid",
         t.typdelim as delimiter
    from pg_catalog.pg_type t join wanted using (oid) join pg_catalog.pg_proc p on p.oid = t.typinput`;

/** `pg_type` as far as it was needed, kept for the session. */
export class TypeCatalogue {
  readonly #pool: pg.Pool;
  readonly #types = new Map<number, TypeDescription>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Asks for the types that are not known yet. One that was dropped since stays unknown, and its values are text. */
  async load(oids: readonly number[]): Promise<void> {
    const missing = [...new Set(oids)].filter((oid) => !this.#types.has(oid));
    if (missing.length === 0) return;
    const { rows } = await this.#pool.query<TypeDescription>(DESCRIBE, [missing]);
    for (const row of rows) this.#types.set(row.oid, row);
  }

  readonly lookup = (oid: number): TypeDescription | undefined => this.#types.get(oid);
}
