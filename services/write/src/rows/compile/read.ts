import type { Catalogue } from '../../catalogue/catalogue.ts';
import type { Relation } from '../../catalogue/relation.ts';
import type { RowQuery } from '../query/row-query.ts';
import { hasRowVersion, selectsByKey } from './key.ts';
import { compileNode } from './node.ts';
import type { Node } from './parts.ts';
import { planEmbeds } from './plan.ts';
import { columnOf, columnSql, openScope, type Scope, sourceSql } from './scope.ts';
import { bodySql, csvLine, guardedCount, type RowBounds, type Shape, type Statement } from './statement.ts';
import { whereSql } from './where.ts';

export interface ReadRequest {
  relation: Relation;
  catalogue: Catalogue;
  query: RowQuery;
  shape: Shape;
  limit: number | null;
  offset: number;
  /** Whether rows are counted without limit and offset; up to a number, where there is one. */
  count: boolean | number;
  /** Whether the row version may be asked for: it needs SELECT on the whole table. */
  versioned: boolean;
}

/** Rows that are read where one was asked for, to say how many there are. */
export const MOST_COUNTED = 1_001;

export function compileRead(request: ReadRequest): Statement {
  const { relation, catalogue, query, limit, offset, versioned, shape } = request;
  const { scope, node, from } = opened({ relation, catalogue, query });
  const total = totalSql(node, from, request.count);
  // One object is all that is shown; more of them are only counted, up to a number.
  const most = shape.body === 'object' ? Math.min(limit ?? Infinity, MOST_COUNTED) : limit;
  const oneRow = versioned && !node.grouped && limit === null && offset === 0 && shape.body !== 'csv' && shape.body !== 'handler';
  if (oneRow && hasRowVersion(relation) && selectsByKey(relation, query.conditions)) {
    const source = `${from}${node.joins} cross join lateral (select ${node.list}) _r${whereSql(node.conditions)}`;
    return { text: oneVersionedRow(scope, { source, total, shape }), parameters: scope.parameters.values };
  }
  return { text: pageOf(scope, node, { from, total, shape, limit: most, offset }), parameters: scope.parameters.values };
}

/** The query over its relation, and the FROM clause that it is over. */
function opened({ relation, catalogue, query }: Pick<ReadRequest, 'relation' | 'catalogue' | 'query'>): { scope: Scope; node: Node; from: string } {
  const scope = openScope(relation, catalogue);
  const node = compileNode(scope, query, planEmbeds(catalogue, relation, query.embeds));
  return { scope, node, from: `from ${sourceSql(scope, relation)} as ${scope.alias}` };
}

export interface Page {
  from: string;
  total: string;
  shape: Shape;
  limit: number | null;
  offset: number;
  allowed?: RowBounds | undefined;
}

/** The page's rows, put together into a body. */
export function pageOf(scope: Scope, node: Node, { from, total, shape, limit, offset, allowed }: Page): string {
  const rows = rowsSql(scope, node, { from, limit, offset });
  return `select ${bodySql(recordSql('_r', shape, node), shape, node.names)} as body, ${total} as total, ${guardedCount(scope.parameters, allowed)} as page, null::pg_catalog.jsonb as extra from (${rows}) _r`;
}

function rowsSql(scope: Scope, { list, joins, conditions, groupBy, order }: Node, { from, limit, offset }: Pick<Page, 'from' | 'limit' | 'offset'>): string {
  return `select ${list} ${from}${joins}${whereSql(conditions)}${groupBy}${order}${pageSql(scope, limit, offset)}`;
}

/** What one row gives to the body. */
function recordSql(alias: string, { body }: Shape, { names }: Node): string {
  if (body === 'csv') return csvLine(alias, names);
  if (body === 'value' || body === 'values' || body === 'raw') return `${alias}."${VALUE}"`;
  return `${alias}.*`;
}

/** The column of a function that returns values instead of rows. */
export const VALUE = 'pgrst_scalar';

/** How many rows there are without limit and offset. Joins count only where they decide that. */
export function totalSql(node: Node, from: string, count: boolean | number): string {
  if (count === false) return 'null::pg_catalog.int8';
  return `(select pg_catalog.count(*) from (${countedSql(node, from)}${count === true ? '' : ` limit ${count}`}) _c)`;
}

function countedSql({ list, joins, conditions, groupBy, grouped, restricts }: Node, from: string): string {
  return `select ${grouped ? list : '1'} ${from}${restricts || grouped ? joins : ''}${whereSql(conditions)}${groupBy}`;
}

/** A limit of few rows is written out: a plan that knows it can be kept, where PostgreSQL would plan each page anew. */
function pageSql(scope: Scope, limit: number | null, offset: number): string {
  const bound = (value: number): string => scope.parameters.cast(String(value), 'pg_catalog.int8');
  const most = limit === null ? '' : ` limit ${limit <= WRITTEN_OUT ? limit : bound(limit)}`;
  return `${most}${offset === 0 ? '' : ` offset ${bound(offset)}`}`;
}

const WRITTEN_OUT = 1_000;

/** A condition that holds and names each parameter: PostgreSQL refuses one that is bound and not used, such as those of a list that is not shown. */
function mentioned(parameters: number): string[] {
  if (parameters === 0) return [];
  return [`(true or pg_catalog.concat(${Array.from({ length: parameters }, (_none, index) => `$${index + 1}::pg_catalog.text`).join(', ')}) = '')`];
}

/** Rows as a FROM item's query, for those that take them one by one. */
export interface Rows {
  scope: Scope;
  /** The SELECT. */
  text: string;
  names: readonly string[];
  /** SQL of the number of rows without limit and offset. */
  total: string;
}

export function rowsOf({ relation, catalogue, query, limit, offset, count }: Omit<ReadRequest, 'shape' | 'versioned'>): Rows {
  const { scope, node, from } = opened({ relation, catalogue, query });
  const total = totalSql(node, from, count);
  const text = rowsSql(scope, node, { from, limit, offset });
  return { scope, text, names: node.names, total };
}

/** How many rows the planner expects, as `explain (format json)`. */
export function compileExpectation({ relation, catalogue, query }: Pick<ReadRequest, 'relation' | 'catalogue' | 'query'>): Statement {
  const { scope, node, from } = opened({ relation, catalogue, query });
  const { values } = scope.parameters;
  const counted = { ...node, conditions: [...node.conditions, ...mentioned(values.length)] };
  return { text: `explain (format json) ${countedSql(counted, from)}`, parameters: values };
}

/**
 * A page whose rows get related ones: the body is a list of `[row as JSON text, [text of each key column]]`, for the caller to put together.
 */
export function compileKeyedPage(request: Omit<ReadRequest, 'versioned'>, keys: readonly string[]): Statement {
  const { relation, catalogue, query, limit, offset, shape } = request;
  const { scope, node, from } = opened({ relation, catalogue, query });
  const row = `(select pg_catalog.row_to_json(_x.*) from (select ${node.list}) _x)`;
  const text = `${shape.stripNulls ? `pg_catalog.json_strip_nulls(${row})` : row}::pg_catalog.text`;
  const texts = keys.map((name) => `${columnSql(scope, columnOf(scope, name).name)}::pg_catalog.text`).join(', ');
  const page = pageSql(scope, limit, offset);
  const rows = `select pg_catalog.json_build_array(${text}, array[${texts}]::pg_catalog.text[]) as r ${from}${node.joins}${whereSql(node.conditions)}${node.order}${page}`;
  return {
    text: `select coalesce(pg_catalog.json_agg(_r.r)::pg_catalog.text, '[]') as body, ${totalSql(node, from, request.count)} as total, pg_catalog.count(*) as page, null::pg_catalog.jsonb as extra from (${rows}) _r`,
    parameters: scope.parameters.values,
  };
}

/** At most one row: the version rides along beside the record that becomes the body. */
function oneVersionedRow({ alias }: Scope, { source, total, shape }: { source: string; total: string; shape: Shape }): string {
  const extra = `pg_catalog.jsonb_build_object('etag', pg_catalog.min(${alias}.xmin::pg_catalog.text))`;
  return `select ${bodySql('_r.*', shape)} as body, ${total} as total, pg_catalog.count(*) as page, ${extra} as extra ${source}`;
}
