import type pg from 'pg';
import type { SourceColumn } from '../shape/column-plan.ts';
import { shapeOf } from '../shape/pg-type.ts';

export interface SourceTable {
  columns: readonly SourceColumn[];
  key: readonly string[];
}

/** The names and types of a table's columns, domains as their base; readable by any login. Topics carry text alone, and no types yet. */
const COLUMNS = `
  with recursive base as (
    select a.attnum, a.attname, a.atttypid as type, a.atttypmod as modifier
      from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
    union all
    select b.attnum, b.attname, t.typbasetype, case when t.typtypmod >= 0 then t.typtypmod else b.modifier end
      from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd'
  )
  select b.attname as name, t.typname as type, b.modifier, n.nspname = 'pg_catalog' as system
    from base b join pg_catalog.pg_type t on t.oid = b.type join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where t.typtype <> 'd' order by b.attnum`;
const KEY = `
  select a.attname as name
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
   where n.nspname = $1 and c.relname = $2 and (case c.relreplident when 'i' then i.indisreplident else i.indisprimary end) order by a.attnum`;

/** What the source's catalogue says of tables now. Needs a login that may connect, and nothing more. */
export class TableCatalogue {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** No columns for a table that is not there any more. */
  async read(schema: string, table: string): Promise<SourceTable> {
    const [columns, key] = await Promise.all([
      this.#pool.query<{ name: string; type: string; modifier: number; system: boolean }>(COLUMNS, [schema, table]),
      this.#pool.query<{ name: string }>(KEY, [schema, table]),
    ]);
    return {
      columns: columns.rows.map(({ name, type, modifier, system }) => ({ name, type: system ? shapeOf(type, modifier) : 'string' })),
      key: key.rows.map(({ name }) => name),
    };
  }

  async ping(): Promise<void> {
    await this.#pool.query('select 1');
  }
}
