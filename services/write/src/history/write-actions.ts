import type pg from 'pg';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { batches, type RowAction } from './undo-plan.ts';
import type { TableFacts } from './table-facts.ts';

/** Rows of one statement. */
const MOST_ROWS = 1_000;

/** A row that another refers to is not there yet, or still is; a value that is to be unique is still taken: another action may have to come first. */
const OUT_OF_ORDER = new Set(['23503', '23505']);

/**
 * Does what is planned under the role of the transaction: its grants, policies and triggers apply. The order is that of the plan, except for what the
 * database refuses at first and takes after the rest: a cascade is recorded behind the row that it began with. Resolves with the actions that found no row,
 * or one that the role may not write.
 */
export async function writeActions(client: pg.ClientBase, actions: readonly RowAction[], tables: ReadonlyMap<number, TableFacts>): Promise<RowAction[]> {
  const missed: RowAction[] = [];
  let waiting = batches(actions, MOST_ROWS);
  while (waiting.length > 0) {
    const refused: { batch: RowAction[]; error: Error }[] = [];
    for (const batch of waiting) {
      await client.query('savepoint batch');
      try {
        missed.push(...(await writeBatch(client, batch, tables)));
        await client.query('release savepoint batch');
      } catch (error) {
        if (!OUT_OF_ORDER.has((error as { code?: string }).code ?? '')) throw error;
        await client.query('rollback to savepoint batch');
        refused.push({ batch, error: error as Error });
      }
    }
    if (refused.length === waiting.length) throw refused[0]?.error as Error;
    waiting = refused.map(({ batch }) => batch);
  }
  return missed;
}

/** One statement for all rows of a batch. Resolves with the actions that wrote nothing. */
async function writeBatch(client: pg.ClientBase, batch: readonly RowAction[], tables: ReadonlyMap<number, TableFacts>): Promise<RowAction[]> {
  const [{ adoptedId, action, columns }] = batch as [RowAction];
  const facts = tables.get(adoptedId) as TableFacts;
  const given = action === 'insert' ? columns : [...facts.key, ...columns];
  const from = (index: number): 'image' | 'now' => (action === 'insert' || index >= facts.key.length ? 'image' : 'now');
  const values = given.map((name, index) => batch.map((each) => each[from(index)]?.[name] ?? null));
  const { rows } = await client.query<{ ordinal: string }>(statementFor(facts, action, columns), values);
  const done = new Set(rows.map(({ ordinal }) => Number(ordinal)));
  return action === 'insert' ? [] : batch.filter((_, index) => !done.has(index + 1));
}

function statementFor(facts: TableFacts, action: RowAction['action'], columns: readonly string[]): string {
  const source = action === 'insert' ? columns : [...facts.key, ...columns];
  const names = source.map((_, index) => `v${index + 1}`);
  const rows = `unnest(${source.map((_, index) => `$${index + 1}::text[]`).join(', ')}) with ordinality as given(${[...names, 'ordinal'].join(', ')})`;
  const typeOf = (name: string): string => facts.columns.find((column) => column.name === name)?.type ?? 'text';
  const cast = (name: string, index: number): string => `given.v${index + 1}::${typeOf(name)}`;
  if (action === 'insert')
    return `insert into ${facts.sql} (${columns.map(quoteIdentifier).join(', ')}) overriding system value select ${columns.map(cast).join(', ')} from ${rows} order by given.ordinal`;
  const matched = facts.key.map((name, index) => `t.${quoteIdentifier(name)} = ${cast(name, index)}`).join(' and ');
  if (action === 'delete') return `delete from ${facts.sql} t using ${rows} where ${matched} returning given.ordinal`;
  const set = columns.map((name, index) => `${quoteIdentifier(name)} = ${cast(name, facts.key.length + index)}`).join(', ');
  return `update ${facts.sql} t set ${set} from ${rows} where ${matched} returning given.ordinal`;
}
