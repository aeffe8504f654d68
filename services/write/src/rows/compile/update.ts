import { arrayLiteral, quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import { ApiError } from '../api-error.ts';
import type { RowBody } from '../body.ts';
import type { RowQuery } from '../query/row-query.ts';
import { bodySource } from './body-source.ts';
import { orderSql, orderSqls } from './expression.ts';
import { innerScope, openScope, type Scope } from './scope.ts';
import type { Statement } from './statement.ts';
import { conditionsSql, whereSql } from './where.ts';
import { compileOutcome, compileReturning, compileShown, type Returning } from './write.ts';

export interface ChangeRequest {
  relation: Relation;
  catalogue: Catalogue;
  query: RowQuery;
  /** Row versions of `If-Match`, any of which must be the row's; null: any version; undefined: not asked. */
  ifMatch: readonly string[] | null | undefined;
  returning: Returning;
}

export function compileUpdate(request: ChangeRequest & { body: RowBody; defaults: boolean }): Statement {
  const { relation, body, returning } = request;
  const scope = openScope(relation, request.catalogue);
  if (body.columns.length === 0 || body.rows === 0) return nothingToSet(scope, relation, returning);
  const { from, values } = bodySource(scope, body, request.defaults);
  const set = body.columns.map((name, index) => `${quoteIdentifier(name)} = ${values[index]}`).join(', ');
  const changed = `update ${relation.sql} as ${scope.alias} set ${set} from ${from}${whereSql(changedRows(scope, request))}`;
  return gathered(scope, changed, returning);
}

export function compileDelete(request: ChangeRequest): Statement {
  const scope = openScope(request.relation, request.catalogue);
  return gathered(scope, `delete from ${request.relation.sql} as ${scope.alias}${whereSql(changedRows(scope, request))}`, request.returning);
}

function gathered(scope: Scope, change: string, returning: Returning): Statement {
  const shown = compileShown(scope, returning);
  const text = `with _w as (${change}${compileReturning(scope, returning, shown, false)})${compileOutcome(scope, returning, shown, false)}`;
  return { text, parameters: scope.parameters.values };
}

/** With `limit` or `offset`, those that a read of the same order and bounds would give. */
function changedRows(scope: Scope, { query, ifMatch }: ChangeRequest): string[] {
  const versions = versionCondition(scope, ifMatch);
  if (query.limit === null && query.offset === 0) return [...conditionsSql(scope, query.conditions), ...versions];
  const { relation } = scope;
  if (query.order.length === 0)
    throw new ApiError(400, 'PGRST109', "A 'limit' was applied without an explicit 'order'", { hint: "Apply an 'order' using unique column(s)" });
  const names = relation.kind === 'r' ? ['ctid'] : relation.primaryKey;
  if (names.length === 0)
    throw new ApiError(400, 'PGRST110', `Rows of '${relation.name}' can't be told apart`, { hint: "Leave 'limit' and 'offset' out: it has no primary key." });
  const inner = innerScope(scope, relation);
  const row = (alias: string): string => names.map((name) => `${alias}.${quoteIdentifier(name)}`).join(', ');
  const bound = (word: string, value: number): string => ` ${word} ${scope.parameters.cast(String(value), 'pg_catalog.int8')}`;
  const page = `${query.limit === null ? '' : bound('limit', query.limit)}${query.offset === 0 ? '' : bound('offset', query.offset)}`;
  const where = whereSql([...conditionsSql(inner, query.conditions), ...versionCondition(inner, ifMatch)]);
  return [
    `(${row(scope.alias)}) in (select ${row(inner.alias)} from ${relation.sql} as ${inner.alias}${where}${orderSql(query.order, orderSqls(inner, query.order))}${page})`,
  ];
}

/** `xmin` is evaluated again on the newest version when a concurrent write got there first, so a stale one matches nothing. */
function versionCondition(scope: Scope, ifMatch: ChangeRequest['ifMatch']): string[] {
  if (ifMatch === undefined || ifMatch === null) return [];
  const { alias, relation } = scope;
  const tags = scope.parameters.cast(arrayLiteral(ifMatch), 'pg_catalog.text[]');
  const same = `${alias}.xmin::pg_catalog.text = any (${tags})`;
  if (!relation.audited) return [same];
  // A schema edit may have written the row anew, and nobody changed it.
  const key = relation.primaryKey.map((name) => `${quoteLiteral(name)}, ${alias}.${quoteIdentifier(name)}`).join(', ');
  return [`(${same} or lakeloop.only_rewritten(${alias}.tableoid, ${alias}.xmin::pg_catalog.text, pg_catalog.jsonb_build_object(${key}), ${tags}))`];
}

/** PATCH with `{}` changes nothing and says so, as PostgREST does. */
function nothingToSet(scope: Scope, relation: Relation, returning: Returning): Statement {
  const shown = compileShown(scope, returning);
  const returned = compileReturning(scope, returning, shown, false).replace(/^ returning /, '');
  const nothing = `select ${returned} from ${relation.sql} as ${scope.alias} where false`;
  return { text: `with _w as (${nothing})${compileOutcome(scope, returning, shown, false)}`, parameters: scope.parameters.values };
}
