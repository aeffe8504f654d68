import type pg from 'pg';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import type { StepRow } from './step-row.ts';

/** The steps whose row the session's role can select. Who may read the audit itself sees them all, rows that are gone included. */
export async function visibleRows(client: pg.PoolClient, rows: readonly StepRow[]): Promise<StepRow[]> {
  const { rows: audit } = await client.query<{ may: boolean }>(
    "select has_schema_privilege('audit', 'usage') and has_table_privilege('audit.entry', 'select') as may",
  );
  if (audit[0]?.may) return [...rows];
  const keyed = rows.filter((row) => row.key !== null && Object.keys(row.key).length > 0);
  const seen = new Set<string>();
  for (const [table, steps] of Map.groupBy(keyed, tableOf)) {
    const keys = [...new Set(steps.map((row) => JSON.stringify(row.key)))];
    for (const key of await visibleKeys(client, steps[0] as StepRow, keys)) seen.add(`${table} ${key}`);
  }
  return rows.filter((row) => (keyed.includes(row) ? seen.has(`${tableOf(row)} ${JSON.stringify(row.key)}`) : row.kind !== 'write' && seen.size > 0));
}

function tableOf({ table_schema: schema, table_name: name }: StepRow): string {
  return quoteTable({ schema: schema ?? 'public', name: name ?? '-' });
}

/** By the role's own select: grants are asked first, because a refused statement would end the transaction; row filters apply by themselves. */
async function visibleKeys(client: pg.PoolClient, step: StepRow, keys: readonly string[]): Promise<string[]> {
  const table = tableOf(step);
  const columns = Object.keys(step.key ?? {});
  const { rows } = await client.query<{ may: boolean }>(
    `select coalesce((select has_schema_privilege($3, 'usage') and bool_and(has_column_privilege(to_regclass($1), c, 'select')) from unnest($2::text[]) c
      where to_regclass($1) is not null and exists (select from pg_attribute a where a.attrelid = to_regclass($1) and a.attname = c)), false) as may
     where exists (select from pg_namespace where nspname = $3)`,
    [table, columns, step.table_schema],
  );
  if (!rows[0]?.may) return [];
  const same = columns.map((column) => `t.${quoteIdentifier(column)} = r.${quoteIdentifier(column)}`).join(' and ');
  const found = await client.query<{ at: string }>(
    `select k.at from unnest($1::jsonb[]) with ordinality k(key, at) cross join lateral jsonb_populate_record(null::${table}, k.key) r
     where exists (select from ${table} t where ${same})`,
    [keys],
  );
  return found.rows.map(({ at }) => keys[Number(at) - 1] as string);
}
