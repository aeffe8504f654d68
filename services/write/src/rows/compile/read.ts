import type { RowQuery } from '../query/row-query.ts';
import { isGrouped } from '../query/select-names.ts';
import { compileGrouped, compileOrder, compileSelect } from './expression.ts';
import { hasRowVersion, selectsByKey } from './key.ts';
import { columnOf, columnSql, openScope, type Scope } from './scope.ts';
import { bodySql, type Shape, type Statement } from './statement.ts';
import { compileWhere } from './where.ts';
import type { Relation } from '../../catalogue/catalogue.ts';

export interface ReadRequest {
  relation: Relation;
  types: ReadonlyMap<string, string>;
  query: RowQuery;
  shape: Shape;
  limit: number | null;
  offset: number;
  count: boolean;
  /** Whether the row version may be asked for: it needs SELECT on the whole table. */
  versioned: boolean;
}

export function compileRead(request: ReadRequest): Statement {
  const scope = openScope(request.relation, request.types);
  const { query, limit, offset } = request;
  const { select } = query;
  const grouped = isGrouped(select);
  const { list, groupBy } = isGrouped(select) ? compileGrouped(scope, select) : { list: compileSelect(scope, select), groupBy: '' };
  const where = compileWhere(scope, query.conditions);
  const from = `from ${request.relation.sql} as ${scope.alias}`;
  const total = request.count ? `(select pg_catalog.count(*) from (select ${grouped ? list : '1'} ${from}${where}${groupBy}) _c)` : 'null::pg_catalog.int8';
  const keyed =
    request.versioned && !grouped && limit === null && offset === 0 && hasRowVersion(request.relation) && selectsByKey(request.relation, query.conditions);
  if (keyed)
    return {
      text: oneVersionedRow(scope, { source: `${from} cross join lateral (select ${list}) _r${where}`, total, shape: request.shape }),
      parameters: scope.parameters.values,
    };
  const order = compileOrder(scope, query.order);
  const page = `${limit === null ? '' : ` limit ${scope.parameters.cast(String(limit), 'pg_catalog.int8')}`}${offset === 0 ? '' : ` offset ${scope.parameters.cast(String(offset), 'pg_catalog.int8')}`}`;
  const text = `select ${bodySql('_r.*', request.shape)} as body, ${total} as total, pg_catalog.count(*) as page, null::pg_catalog.jsonb as extra from (select ${list} ${from}${where}${groupBy}${order}${page}) _r`;
  return { text, parameters: scope.parameters.values };
}

/**
 * A page whose rows get related ones: the body is a list of `[row as JSON text, [text of each key column]]`, for the caller to put together.
 */
export function compileKeyedPage(request: Omit<ReadRequest, 'versioned'>, keys: readonly string[]): Statement {
  const scope = openScope(request.relation, request.types);
  const { query, limit, offset, shape } = request;
  const list = compileSelect(scope, query.select);
  const where = compileWhere(scope, query.conditions);
  const from = `from ${request.relation.sql} as ${scope.alias}`;
  const total = request.count ? `(select pg_catalog.count(*) from (select 1 ${from}${where}) _c)` : 'null::pg_catalog.int8';
  const row = `(select pg_catalog.row_to_json(_x.*) from (select ${list}) _x)`;
  const text = `${shape.stripNulls ? `pg_catalog.json_strip_nulls(${row})` : row}::pg_catalog.text`;
  const texts = keys.map((name) => `${columnSql(scope, columnOf(scope, name).name)}::pg_catalog.text`).join(', ');
  const page = `${limit === null ? '' : ` limit ${scope.parameters.cast(String(limit), 'pg_catalog.int8')}`}${offset === 0 ? '' : ` offset ${scope.parameters.cast(String(offset), 'pg_catalog.int8')}`}`;
  const rows = `select pg_catalog.json_build_array(${text}, array[${texts}]::pg_catalog.text[]) as r ${from}${where}${compileOrder(scope, query.order)}${page}`;
  return {
    text: `select coalesce(pg_catalog.json_agg(_r.r)::pg_catalog.text, '[]') as body, ${total} as total, pg_catalog.count(*) as page, null::pg_catalog.jsonb as extra from (${rows}) _r`,
    parameters: scope.parameters.values,
  };
}

/** At most one row: the version rides along beside the record that becomes the body. */
function oneVersionedRow({ alias }: Scope, { source, total, shape }: { source: string; total: string; shape: Shape }): string {
  const extra = `pg_catalog.jsonb_build_object('etag', pg_catalog.min(${alias}.xmin::pg_catalog.text))`;
  return `select ${bodySql('_r.*', shape)} as body, ${total} as total, pg_catalog.count(*) as page, ${extra} as extra ${source}`;
}
