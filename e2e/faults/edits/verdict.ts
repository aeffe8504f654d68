import type pg from 'pg';
import type { Journal } from './writers.ts';

/** What was found after an edit, each thing in words; nothing where all is well. */
export interface Findings {
  /** Acknowledged writes that are not there, and rows that nobody wrote. */
  lost: string[];
  /** History that has more or less than what was written. */
  falseEntries: string[];
  /** What edits make for themselves and is still there. */
  leftovers: string[];
}

/** Compares table and history with the journal. `rows`: how many there were at the beginning, each with its entry in history. */
export async function findings(psql: pg.Client, journal: Journal, rows: number): Promise<Findings> {
  return {
    lost: await lostRows(psql, journal, rows),
    falseEntries: await falseEntries(psql, journal, rows),
    leftovers: await leftovers(psql),
  };
}

export async function columnsOf(psql: pg.Client): Promise<Record<string, string>> {
  const { rows } = await psql.query<{ name: string; type: string }>(
    `select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'app.orders'::regclass and attnum > 0 and not attisdropped`,
  );
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

async function lostRows(psql: pg.Client, { amounts }: Journal, count: number): Promise<string[]> {
  const { rows } = await psql.query<{ id: string; amount: string | null }>('select id::text, amount::text from app.orders');
  const there = new Map(rows.map(({ id, amount }) => [Number(id), amount]));
  const expected = new Map(Array.from({ length: count }, (_, index): [number, string | null] => [index + 1, String(index + 1)]));
  for (const [id, amount] of amounts)
    if (amount === null) expected.delete(id);
    else expected.set(id, amount);
  return [
    ...[...expected].filter(([id, amount]) => there.get(id) !== amount).map(([id, amount]) => `${id} should be ${amount}, is ${there.get(id)}`),
    ...[...there.keys()].filter((id) => !expected.has(id)).map((id) => `${id} should not be there`),
  ].slice(0, 10);
}

async function falseEntries(psql: pg.Client, { done }: Journal, count: number): Promise<string[]> {
  const { rows } = await psql.query<{ operation: keyof Journal['done']; n: number }>(
    `select operation, count(*)::int as n from audit.entry where table_name = 'orders' group by operation`,
  );
  const found = new Map(rows.map(({ operation, n }) => [operation, n]));
  const expected = { ...done, insert: done.insert + count };
  const wrong = Object.entries(expected).filter(([operation, n]) => (found.get(operation as keyof Journal['done']) ?? 0) !== n);
  const { rows: edits } = await psql.query<{ id: string }>(
    `select s.id::text from lakeloop.stepwise_edit s where (s.state = 'applied') <> exists (select from lakeloop.schema_edit e where e.id = s.id)`,
  );
  return [
    ...wrong.map(([operation, n]) => `${operation}: ${n} written, ${found.get(operation as keyof Journal['done'])} in history`),
    ...edits.map(({ id }) => `the edit ${id} is on record otherwise than it ended`),
  ];
}

async function leftovers(psql: pg.Client): Promise<string[]> {
  const { rows } = await psql.query<{ name: string }>(
    `select 'column ' || attname as name from pg_attribute where attrelid = 'app.orders'::regclass and attname like 'lakeloop:%' and not attisdropped
     union all select 'constraint ' || conname from pg_constraint where conrelid = 'app.orders'::regclass and (conname like 'lakeloop:%:new' or conname ~ '^lakeloop:(copied|required)' or not convalidated)
     union all select 'trigger ' || tgname from pg_trigger where tgrelid = 'app.orders'::regclass and (tgname like '~lakeloop%' or tgname = 'lakeloop_audit_update' and pg_get_triggerdef(oid) like '%is_rewrite%')
     union all select 'function ' || proname from pg_proc where proname like 'rewrite\\_%'
     union all select 'index ' || c.relname from pg_class c join pg_index i on i.indexrelid = c.oid where c.relname like 'lakeloop:index:%' or not i.indisvalid
     union all select 'index orders_amount is missing' where to_regclass('app.orders_amount') is null`,
  );
  return rows.map(({ name }) => name);
}
