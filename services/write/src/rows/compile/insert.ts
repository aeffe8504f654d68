import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { RowBody } from '../body.ts';
import type { Condition } from '../query/row-query.ts';
import { bodySource } from './body-source.ts';
import { hasRowVersion } from './key.ts';
import { bodyColumnOf, openScope, type Scope } from './scope.ts';
import type { Statement } from './statement.ts';
import { conditionsSql, whereSql } from './where.ts';
import { answersAtOnce, compileOutcome, compileReturning, compileShown, compileSingleReturning, countBy, type Returning } from './write.ts';

export type Resolution = 'merge-duplicates' | 'ignore-duplicates';

export interface InsertRequest {
  relation: Relation;
  catalogue: Catalogue;
  body: RowBody;
  resolution: Resolution | undefined;
  /** Columns of a unique constraint; null: the primary key. */
  onConflict: readonly string[] | null;
  /** Whether a key that an object lacks stands for its column's default. */
  defaults: boolean;
  /** What the body itself must fulfil (PUT), or nothing is written. */
  conditions: readonly Condition[];
  returning: Returning;
}

export function compileInsert(request: InsertRequest): Statement {
  const scope = openScope(request.relation, request.catalogue);
  const { body, returning } = request;
  const counted = request.resolution === 'merge-duplicates' && !hasRowVersion(request.relation);
  const rows = compileRows(scope, request, counted);
  const conflict = compileConflict(scope, request, counted);
  const upsert = request.resolution === 'merge-duplicates' && conflict !== '';
  const shown = compileShown(scope, returning);
  const insert = `insert into ${request.relation.sql} as ${scope.alias}${rows}${conflict}`;
  // One object is one row, whatever it says: no need to gather rows that come one at a time.
  if (body.form === 'object' && conflict === '' && answersAtOnce(returning, shown))
    return { text: `${insert}${compileSingleReturning(scope, returning, shown)}`, parameters: scope.parameters.values };
  const gathered = `with _w as (${insert}${compileReturning(scope, returning, shown, upsert)})${compileOutcome(scope, returning, shown, upsert)}`;
  return { text: gathered, parameters: scope.parameters.values };
}

/** The values of a statement that come from its body; they are its first parameters, in this order. */
export function bodyParameters(relation: Relation, body: RowBody): (string | null)[] {
  if (body.columns.length === 0) return [];
  const { scalars } = body;
  if (!takesScalars(relation, body) || !scalars) return [body.json];
  return body.columns.map((name) => scalars.get(name) ?? null);
}

/** JSON columns take a value as JSON, not as text; so do domains that read JSON in a way of their own. */
export function takesScalars(relation: Relation, { scalars, columns }: RowBody): boolean {
  if (scalars === undefined) return false;
  return columns.every((name) => {
    const column = relation.columns.get(name);
    return column !== undefined && column.representation?.fromJson === undefined && !/^jsonb?$/.test(column.baseName);
  });
}

function compileRows(scope: Scope, { body, defaults, conditions }: InsertRequest, counted: boolean): string {
  const { columns, rows } = body;
  if (columns.length === 0) return rowsWithoutColumns(scope, rows);
  const names = columns.map((name) => quoteIdentifier(bodyColumnOf(scope, name).name)).join(', ');
  if (takesScalars(scope.relation, body) && !defaults && conditions.length === 0 && !counted) {
    const values = bodyParameters(scope.relation, body).map((value, index) => scope.parameters.cast(value, bodyColumnOf(scope, columns[index] as string).type));
    return ` (${names}) values (${values.join(', ')})`;
  }
  const { from, values } = bodySource(scope, body, defaults);
  return ` (${names}) select ${values.join(', ')} from ${from}${whereSql([...conditionsSql({ ...scope, alias: '_b' }, conditions), ...(counted ? [countBy('+')] : [])])}`;
}

/** No column to read: a row of defaults for each object. */
function rowsWithoutColumns(scope: Scope, rows: number): string {
  return rows === 1 ? ' default values' : ` select from pg_catalog.generate_series(1, ${scope.parameters.cast(String(rows), 'pg_catalog.int4')})`;
}

function compileConflict(scope: Scope, { resolution, onConflict, body, relation }: InsertRequest, counted: boolean): string {
  const target = onConflict ?? relation.primaryKey;
  if (resolution === undefined || target.length === 0) return '';
  const columns = target.map(quoteIdentifier).join(', ');
  if (resolution === 'ignore-duplicates' || body.columns.length === 0) return ` on conflict (${columns}) do nothing`;
  const set = body.columns.map((name) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`);
  return ` on conflict (${columns}) do update set ${set.join(', ')}${counted ? ` where ${countBy('-')}` : ''}`;
}
