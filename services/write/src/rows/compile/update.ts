import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Relation } from '../../catalogue/catalogue.ts';
import type { RowBody } from '../body.ts';
import type { Condition } from '../query/row-query.ts';
import { recordSource } from './insert.ts';
import { arrayLiteral } from './parameters.ts';
import { openScope, type Scope } from './scope.ts';
import type { Statement } from './statement.ts';
import { compileWhere } from './where.ts';
import { compileOutcome, compileReturning, type Returning } from './write.ts';

export interface ChangeRequest {
  relation: Relation;
  types: ReadonlyMap<string, string>;
  conditions: readonly Condition[];
  /** Row versions of `If-Match`, any of which must be the row's; null: any version; undefined: not asked. */
  ifMatch: readonly string[] | null | undefined;
  returning: Returning;
}

export function compileUpdate(request: ChangeRequest & { body: RowBody }): Statement {
  const { relation, body, returning } = request;
  const scope = openScope(relation, request.types);
  if (body.columns.length === 0) return nothingToSet(scope, relation, returning);
  const set = body.columns.map((name) => `${quoteIdentifier(name)} = _b.${quoteIdentifier(name)}`).join(', ');
  const source = recordSource(scope, body.columns, body.json, body.form);
  const where = compileWhere(scope, request.conditions, versionCondition(scope, request.ifMatch));
  const update = `update ${relation.sql} as ${scope.alias} set ${set} from ${source}${where}${compileReturning(scope, returning, false)}`;
  return { text: `with _w as (${update})${compileOutcome(scope, returning, false)}`, parameters: scope.parameters.values };
}

export function compileDelete(request: ChangeRequest): Statement {
  const { relation, returning } = request;
  const scope = openScope(relation, request.types);
  const where = compileWhere(scope, request.conditions, versionCondition(scope, request.ifMatch));
  const remove = `delete from ${relation.sql} as ${scope.alias}${where}${compileReturning(scope, returning, false)}`;
  return { text: `with _w as (${remove})${compileOutcome(scope, returning, false)}`, parameters: scope.parameters.values };
}

/** `xmin` is evaluated again on the newest version when a concurrent write got there first, so a stale one matches nothing. */
function versionCondition(scope: Scope, ifMatch: ChangeRequest['ifMatch']): string[] {
  if (ifMatch === undefined || ifMatch === null) return [];
  return [`${scope.alias}.xmin::pg_catalog.text = any (${scope.parameters.cast(arrayLiteral(ifMatch), 'pg_catalog.text[]')})`];
}

/** PATCH with `{}` changes nothing and says so, as PostgREST does. */
function nothingToSet(scope: Scope, relation: Relation, returning: Returning): Statement {
  const returned = compileReturning(scope, returning, false).replace(/^ returning /, '');
  const nothing = `select ${returned} from ${relation.sql} as ${scope.alias} where false`;
  return { text: `with _w as (${nothing})${compileOutcome(scope, returning, false)}`, parameters: scope.parameters.values };
}
