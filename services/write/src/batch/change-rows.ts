import type pg from 'pg';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import type { Column, Relation } from '../catalogue/relation.ts';
import { governedRelation } from '../governed-catalogue.ts';
import { jsonColumn, jsonValue } from '../rows/compile/body-source.ts';
import { sqlStateOf } from '../rows/sql-error.ts';
import { withSqlProblems } from '../sql-problem.ts';
import type { RowChange } from './parse-batch.ts';

interface Placed extends RowChange {
  /** Among the changes of the request, from 0. */
  place: number;
}

/** SQLSTATEs by which one row is refused: what it holds, a constraint, a trigger's word, row-level security. */
const OF_A_ROW = /^(22|23|44|P0|42501)/;

/**
 * Changes rows, each by its key and to values of its own, where their cells are what they were seen as: a statement for all changes of the same columns. All of them,
 * or it throws: 412 `changed-since` with the first `change` that found no such row, the refusal of PostgreSQL with the `change` that it refused.
 */
export async function changeRows(
  client: pg.ClientBase,
  catalogue: CatalogueCache,
  table: { schema: string | undefined; name: string },
  changes: readonly RowChange[],
): Promise<void> {
  const relation = await relationFor(catalogue, table, namesIn(changes));
  const groups = Map.groupBy(
    changes.map((change, place) => ({ ...change, place })),
    ({ key, was, set }) => JSON.stringify([key, was, set].map((part) => Object.keys(part).toSorted())),
  );
  for (const group of groups.values()) {
    const statement = statementFor(relation, group[0] as Placed);
    await client.query('savepoint changes');
    try {
      await changeAll(client, statement, group);
    } catch (error) {
      if (!OF_A_ROW.test(sqlStateOf(error) ?? '')) throw error;
      await client.query('rollback to savepoint changes');
      await refusedOne(client, statement, group);
      throw error;
    }
    await client.query('release savepoint changes');
  }
}

async function changeAll(client: pg.ClientBase, statement: string, group: readonly Placed[]): Promise<void> {
  const { rows } = await client.query<{ place: number }>(statement, [JSON.stringify(group)]);
  if (rows.length === group.length) return;
  const found = new Set(rows.map(({ place }) => place));
  const missed = group.find(({ place }) => !found.has(place));
  throw new ProblemException(412, 'changed-since', 'a row is not what it was seen as: it was changed or deleted since, or you may not change it', {
    change: missed?.place,
    key: missed?.key,
    hint: 'Read it again.',
  });
}

/** Finds the change that PostgreSQL refuses, halving what is left, and throws its refusal; returns where together alone they are refused. */
async function refusedOne(client: pg.ClientBase, statement: string, group: readonly Placed[]): Promise<void> {
  for (let left = group; ;) {
    const half = left.slice(0, Math.ceil(left.length / 2));
    await client.query('savepoint half');
    try {
      await withSqlProblems(() => changeAll(client, statement, half));
    } catch (error) {
      await client.query('rollback to savepoint half');
      const [only, more] = half;
      if (only && !more && error instanceof ProblemException)
        throw new ProblemException(error.problem.status, 'refused', error.message, { ...error.problem, change: only.place });
      left = half;
      continue;
    }
    // Kept, for the other half may be refused because of it.
    await client.query('release savepoint half');
    left = left.slice(half.length);
    if (left.length === 0) return;
  }
}

/** Values are read from the JSON by PostgreSQL itself, each as its column's type. */
function statementFor({ sql, columns }: Relation, { key, was, set }: RowChange): string {
  const columnsOf = (part: object): Column[] => Object.keys(part).map((name) => columns.get(name) as Column);
  const record = (part: string, alias: string, of: readonly Column[]): string =>
    `pg_catalog.json_to_record(e.change -> '${part}') as ${alias}(${of.map(jsonColumn).join(', ')})`;
  const [keys, seen, given] = [key, was, set].map(columnsOf) as [Column[], Column[], Column[]];
  const sources = [record('key', 'k', keys), record('set', 's', given), ...(seen.length === 0 ? [] : [record('was', 'w', seen)])];
  const where = [
    ...keys.map((column) => `t.${quoteIdentifier(column.name)} = ${jsonValue('k', column)}`),
    ...seen.map((column) => `t.${quoteIdentifier(column.name)} is not distinct from ${jsonValue('w', column)}`),
  ];
  return `update ${sql} as t set ${given.map((column) => `${quoteIdentifier(column.name)} = ${jsonValue('s', column)}`).join(', ')}
    from pg_catalog.json_array_elements($1::pg_catalog.json) as e(change), ${sources.join(', ')} where ${where.join(' and ')} returning (e.change ->> 'place')::pg_catalog.int4 as place`;
}

function namesIn(changes: readonly RowChange[]): string[] {
  return [...new Set(changes.flatMap(({ key, was, set }) => [key, was, set].flatMap((part) => Object.keys(part))))];
}

/** With all these columns, which may be of a moment ago. */
async function relationFor(catalogue: CatalogueCache, table: { schema: string | undefined; name: string }, names: readonly string[]): Promise<Relation> {
  for (;;) {
    const relation = await governedRelation(catalogue, table);
    const unknown = names.find((each) => !relation.columns.has(each));
    if (unknown === undefined) return relation;
    const { schema, name } = relation;
    if (!(await catalogue.refreshForUnknown(schema, name)))
      throw new ProblemException(400, 'unknown-column', `${schema}.${name} has no column ${unknown}`, { code: 'PGRST204' });
  }
}
