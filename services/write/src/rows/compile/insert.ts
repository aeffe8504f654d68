import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Relation } from '../../catalogue/catalogue.ts';
import { ApiError } from '../api-error.ts';
import type { RowBody } from '../body.ts';
import { bodyColumnOf, openScope, type Scope } from './scope.ts';
import type { Statement } from './statement.ts';
import { compileOutcome, compileReturning, compileSingleReturning, recordDefinition, type Returning } from './write.ts';

export type Resolution = 'merge-duplicates' | 'ignore-duplicates';

export interface InsertRequest {
  relation: Relation;
  types: ReadonlyMap<string, string>;
  body: RowBody;
  resolution: Resolution | undefined;
  /** Columns of a unique constraint; null: the primary key. */
  onConflict: readonly string[] | null;
  returning: Returning;
}

export function compileInsert(request: InsertRequest): Statement {
  const scope = openScope(request.relation, request.types);
  const { body, returning } = request;
  const rows = compileRows(scope, body);
  const conflict = compileConflict(scope, request);
  const upsert = request.resolution === 'merge-duplicates' && conflict !== '';
  const insert = `insert into ${request.relation.sql} as ${scope.alias}${rows}${conflict}`;
  // One object is one row, whatever it says: no need to gather rows that come one at a time.
  if (body.form === 'object' && conflict === '') return { text: `${insert}${compileSingleReturning(scope, returning)}`, parameters: scope.parameters.values };
  const gathered = `with _w as (${insert}${compileReturning(scope, returning, upsert)})${compileOutcome(scope, returning, upsert)}`;
  return { text: gathered, parameters: scope.parameters.values };
}

/** The values of a statement that come from its body; they are its first parameters, in this order. */
export function bodyParameters(relation: Relation, body: RowBody): (string | null)[] {
  if (body.columns.length === 0) return [];
  const { scalars } = body;
  if (!takesScalars(relation, body) || !scalars) return [body.json];
  return body.columns.map((name) => scalars.get(name) ?? null);
}

/** JSON columns take a value as JSON, not as text. */
export function takesScalars(relation: Relation, { scalars, columns }: RowBody): boolean {
  return scalars !== undefined && columns.every((name) => !/^jsonb?$/.test(relation.columns.get(name)?.baseName ?? ''));
}

/** Exactly the body's columns, read from its JSON by PostgreSQL itself: digits, escapes and types are its business. */
function compileRows(scope: Scope, body: RowBody): string {
  const { columns, json, form, rows } = body;
  if (columns.length === 0) return rowsWithoutColumns(scope, rows);
  const names = columns.map(quoteIdentifier);
  if (takesScalars(scope.relation, body)) {
    const values = bodyParameters(scope.relation, body).map((value, index) => scope.parameters.cast(value, bodyColumnOf(scope, columns[index] as string).type));
    return ` (${names.join(', ')}) values (${values.join(', ')})`;
  }
  const source = recordSource(scope, columns, json, form);
  return ` (${names.join(', ')}) select ${names.map((name) => `_b.${name}`).join(', ')} from ${source}`;
}

/** `json_to_record` for one object, `json_to_recordset` for a list. */
export function recordSource(scope: Scope, columns: readonly string[], json: string, form: RowBody['form']): string {
  const definition = recordDefinition(scope, columns);
  const value = scope.parameters.cast(json, 'pg_catalog.json');
  return `pg_catalog.${form === 'object' ? 'json_to_record' : 'json_to_recordset'}(${value}) as _b(${definition})`;
}

/** No column to read. SQL writes a row of defaults only one at a time; an empty list writes none. */
function rowsWithoutColumns(scope: Scope, rows: number): string {
  if (rows === 1) return ' default values';
  if (rows > 1) throw new ApiError(400, 'PGRST102', 'Empty objects can be inserted one at a time only', { hint: 'Name at least one column.' });
  return ` select ${scope.alias}.* from ${scope.relation.sql} as ${scope.alias} where false`;
}

function compileConflict(scope: Scope, { resolution, onConflict, body, relation }: InsertRequest): string {
  const target = onConflict ?? relation.primaryKey;
  for (const name of target) bodyColumnOf(scope, name);
  if (resolution === undefined || target.length === 0) return '';
  const columns = target.map(quoteIdentifier).join(', ');
  if (resolution === 'ignore-duplicates' || body.columns.length === 0) return ` on conflict (${columns}) do nothing`;
  const set = body.columns.map((name) => `${quoteIdentifier(name)} = excluded.${quoteIdentifier(name)}`);
  return ` on conflict (${columns}) do update set ${set.join(', ')}`;
}
