import { quoteIdentifier } from '#libs/postgres/identifiers';
import { hit } from '#libs/runtime/failpoints';
import { CHANGES } from './undo-changes.ts';
import { MOST_LISTED } from './undo-conflicts.ts';
import { ROWS } from './undo-plan.ts';
import type { UndoSession } from './undo-session.ts';
import type { UndoTable } from './undo-tables.ts';

/** A row that another refers to is not there yet, or still is; a value that is to be unique is still taken: another page may have to come first. */
const OUT_OF_ORDER = new Set(['23503', '23505']);

/** Rows that one statement writes: values are lists of texts, as PostgreSQL spells them, one for each column. */
interface Page {
  number: number;
  rows: number;
  sql: string;
  values: readonly string[];
}

/**
 * Does what is planned under the caller's role: its grants, policies and triggers apply. The order is that of the plan, except for what the database refuses at first
 * and takes after the rest. Rows that were not there, or that the role may not write, are marked.
 */
export async function writePages(session: UndoSession, tables: readonly UndoTable[], pages: number): Promise<void> {
  let waiting = Array.from({ length: pages }, (_, index) => index + 1);
  while (waiting.length > 0) {
    const refused: number[] = [];
    let error: unknown;
    for (const number of waiting) {
      session.run.goOn();
      await hit('history.undo.before-page');
      const page = await pageOf(session, tables, number);
      error = await writePage(session, page);
      if (error === undefined) session.run.rows += page.rows;
      else refused.push(number);
    }
    if (refused.length === waiting.length) throw error;
    waiting = refused;
  }
  await session.asLogin();
}

/** Resolves with the error where the page may be written later. */
async function writePage(session: UndoSession, { number, sql, values, rows }: Page): Promise<unknown> {
  const { client } = session;
  await session.asCaller();
  await client.query('savepoint page');
  try {
    const written = await client.query<{ missed: number[] }>(sql, [...values]);
    await client.query('release savepoint page');
    const missed = written.rows[0]?.missed ?? [];
    if (missed.length > 0 && rows > 0) await markMissed(session, number, missed);
    return undefined;
  } catch (error) {
    if (!OUT_OF_ORDER.has((error as { code?: string }).code ?? '')) throw error;
    await client.query('rollback to savepoint page');
    return error;
  }
}

async function pageOf(session: UndoSession, tables: readonly UndoTable[], number: number): Promise<Page> {
  const { client } = session;
  await session.asLogin();
  type Head = { adopted_id: number; action: Action; columns: number[]; rows: number };
  const head = await client.query<Head>(`select adopted_id, action, columns, count(*)::int as rows from ${ROWS} where page = $1 group by 1, 2, 3`, [number]);
  const { adopted_id: adoptedId, action, columns, rows } = head.rows[0] as Head;
  const { facts } = tables.find((table) => table.facts.adoptedId === adoptedId) as UndoTable;
  const keys = action === 'insert' ? [] : facts.key.map((name) => facts.columns.findIndex((column) => column.name === name) + 1);
  const lists = [...keys.map((place) => `l.after[${place}]`), ...columns.map((place) => `f.before[${place}]`)];
  const { rows: found } = await client.query<string[]>({
    text: `select ${lists.map((_, index) => `array_agg(x.v${index})::text`).join(', ')}
      from (select ${lists.map((value, index) => `${value} as v${index}`).join(', ')} from ${ROWS} r
        ${action === 'delete' ? '' : change('f', 'first')} ${action === 'insert' ? '' : change('l', 'last')} where r.page = $1 order by r.last desc) x`,
    values: [number],
    rowMode: 'array',
  });
  return { number, rows, sql: statementFor(facts, action, columns, rows), values: found[0] ?? [] };
}

/** Looked up one by one: a page is a small part of the plan, however small that is. */
function change(name: string, id: 'first' | 'last'): string {
  return `cross join lateral (select c.before, c.after from ${CHANGES} c where c.adopted_id = r.adopted_id and c.id = r.${id} limit 1) ${name}`;
}

type Action = 'insert' | 'update' | 'delete';

/** Its one row has the numbers of the rows that it did not write, from 1. */
function statementFor(facts: UndoTable['facts'], action: Action, places: readonly number[], rows: number): string {
  const columns = places.map((place) => facts.columns[place - 1] as UndoTable['facts']['columns'][number]);
  const key = facts.key.map((name) => facts.columns.find((column) => column.name === name) as UndoTable['facts']['columns'][number]);
  const source = action === 'insert' ? columns : [...key, ...columns];
  const names = source.map((_, index) => `v${index + 1}`);
  const given = `unnest(${source.map((_, index) => `$${index + 1}::text[]`).join(', ')}) with ordinality as given(${[...names, 'ordinal'].join(', ')})`;
  const cast = ({ type }: { type: string }, index: number): string => `given.v${index + 1}::${type}`;
  if (action === 'insert')
    return `insert into ${facts.sql} (${columns.map(({ name }) => quoteIdentifier(name)).join(', ')}) overriding system value select ${columns.map(cast).join(', ')} from ${given} order by given.ordinal`;
  const matched = key.map((column, index) => `t.${quoteIdentifier(column.name)} = ${cast(column, index)}`).join(' and ');
  const set = columns.map((column, index) => `${quoteIdentifier(column.name)} = ${cast(column, key.length + index)}`).join(', ');
  const write = action === 'delete' ? `delete from ${facts.sql} t using ${given}` : `update ${facts.sql} t set ${set} from ${given}`;
  return `with written as (${write} where ${matched} returning given.ordinal)
    select array(select n::int from pg_catalog.generate_series(1, ${rows}) n where n not in (select w.ordinal from written w)) as missed`;
}

async function markMissed(session: UndoSession, page: number, missed: readonly number[]): Promise<void> {
  await session.asLogin();
  await session.client.query(
    `update ${ROWS} r set missed = true from (select first, row_number() over (order by last desc) as number from ${ROWS} where page = $1) n
     where r.page = $1 and r.first = n.first and n.number = any ($2)`,
    [page, missed],
  );
}

/** Rows that should have been written and were not, the first of them, with their keys as JSON text. One that an earlier page's deletion took along is as it should be. */
export async function missedRows({ client }: UndoSession): Promise<{ adoptedId: number; key: string }[]> {
  const { rows } = await client.query<{ adoptedId: number; key: string }>(
    `with missed as materialized (select r.adopted_id, r.action, r.last, c.key from ${ROWS} r join ${CHANGES} c on c.adopted_id = r.adopted_id and c.id = r.first where r.missed)
     select m.adopted_id as "adoptedId", m.key::text from missed m
     where m.action <> 'delete' or not exists (
       select from audit.revision c where c.request = current_setting('lakeloop.request')::bigint and c.adopted_id = m.adopted_id and c.key = m.key and c.after is null)
     order by m.last desc limit ${MOST_LISTED}`,
  );
  return rows;
}
