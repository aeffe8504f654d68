import type pg from 'pg';
import { Failure } from '#libs/failure/failure';
import { hiddenKey } from '../change/relation.ts';
import type { ColumnRules } from '../change/column-rules.ts';
import type { TablePatterns } from './table-patterns.ts';

interface KeyColumn {
  schema: string;
  name: string;
  column: string;
}

const KEY_COLUMNS = `
  select n.nspname as schema, c.relname as name, a.attname as column
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_index i on i.indrelid = c.oid and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any ((i.indkey::int2[])[0:i.indnkeyatts - 1])
   where c.relkind in ('r', 'p') order by 1, 2, 3`;

/** Says at the start what would otherwise be found at a table's first change: `misconfigured` for a rule that hides a column of a key. */
export async function refuseHiddenKeys(pool: pg.Pool, patterns: TablePatterns, rules: ColumnRules): Promise<void> {
  const { rows } = await pool.query<KeyColumn>(KEY_COLUMNS);
  for (const { column, ...table } of rows.filter((row) => patterns.matches(row))) {
    const rule = rules.of(table, column);
    if (rule !== 'publish') throw new Failure('misconfigured', hiddenKey(`${table.schema}.${table.name}.${column}`, rule));
  }
}
