import type { OrderItem } from '../query/row-query.ts';
import { aliasedField } from './embed.ts';
import { typeOf, type ValueType } from './expression.ts';
import { compileNode } from './node.ts';
import { type Plan, planEmbeds } from './plan.ts';
import { type ReadRequest, totalSql } from './read.ts';
import { openScope, type Scope, sourceSql } from './scope.ts';
import { bodySql, csvLine, type Statement } from './statement.ts';
import { whereSql } from './where.ts';

/** Where a page ended: the text of each value that it is ordered by. */
export type Position = readonly (string | null)[];

export interface KeysetRequest extends Omit<ReadRequest, 'versioned' | 'limit' | 'offset'> {
  limit: number;
  /** A value for each item of the order; null: from the start. */
  after: Position | null;
}

/** One item of the order. */
interface SortKey extends ValueType {
  sql: string;
  descending: boolean;
  nullsFirst: boolean;
  nullable: boolean;
}

/**
 * A page that begins behind a row, found by the row's values, so that it costs what the first one costs where an index has the order. Not-null columns of one
 * direction are compared as a row, which is one range of such an index. Otherwise the rows behind are cut into ranges (equal so far and then beyond, one for each
 * column), each of which an index can find and bounds by itself; the page is the beginning of all of them. One condition of ORs would say the same, and have
 * PostgreSQL read all rows that are equal in the first column. `extra.after` is the last row's place.
 */
export function compileKeysetPage(request: KeysetRequest): Statement {
  const { relation, catalogue, query, shape, after } = request;
  const scope = openScope(relation, catalogue);
  const plans = planEmbeds(catalogue, relation, query.embeds);
  const node = compileNode(scope, query, plans);
  const keys = query.order.map((item, index) => sortKeyOf(scope, plans, item, node.orders[index] ?? ''));
  const from = `from ${sourceSql(scope, relation)} as ${scope.alias}`;
  const total = totalSql(node, from, request.count);
  // Written out, so that a plan that knows it can be kept: with an unknown one PostgreSQL plans every page anew.
  const limit = ` limit ${Math.trunc(request.limit)}`;
  const record = shape.body === 'csv' ? csvLine('_l', node.names) : '_l';
  const shown = `${record} as r, array[${keys.map(textOf).join(', ')}]::pg_catalog.text[] as k`;
  const sorted = keys.map(({ sql }, index) => `, ${sql} as s${index}`).join('');
  const range = (conditions: readonly string[], sortable: boolean): string =>
    `select ${shown}${sortable ? sorted : ''} ${from}${node.joins} cross join lateral (select ${node.list}) _l${whereSql([...node.conditions, ...conditions])}${node.order}${limit}`;
  const ranges = after === null ? [[]] : rangesBehind(bound(scope, keys, after));
  const rows = ranges.length === 1 ? range(ranges[0] ?? [], false) : `${union(ranges.map((each) => range(each, true)))} order by ${orderOf(keys)}${limit}`;
  return {
    text: `select ${bodySql('_p.r', shape, node.names)} as body, ${total} as total, pg_catalog.count(*) as page, pg_catalog.jsonb_build_object('after', pg_catalog.json_agg(_p.k) -> -1) as extra from (${rows}) _p`,
    parameters: scope.parameters.values,
  };
}

function union(selects: readonly string[]): string {
  return `select * from (${selects.map((select) => `(${select})`).join(' union all ')}) _u`;
}

function orderOf(keys: readonly SortKey[]): string {
  return keys.map(({ descending, nullsFirst }, index) => `s${index} ${descending ? 'desc' : 'asc'} nulls ${nullsFirst ? 'first' : 'last'}`).join(', ');
}

function sortKeyOf(scope: Scope, plans: readonly Plan[], item: OrderItem, sql: string): SortKey {
  const descending = item.direction === 'desc';
  const plan = item.relation === undefined ? undefined : plans.find(({ name }) => name === item.relation);
  const type = plan ? typeOf(plan.relation, aliasedField(plan, item.field)) : typeOf(scope.relation, item.field);
  const column = item.field.path.length === 0 && !plan ? scope.relation.columns.get(item.field.column) : undefined;
  return { ...type, sql, descending, nullsFirst: item.nulls === undefined ? descending : item.nulls === 'first', nullable: column?.nullable ?? true };
}

const TIMES: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

/** Times as JSON has them: no setting changes their spelling. */
function textOf({ sql, typeName }: SortKey): string {
  return TIMES.has(typeName) ? `pg_catalog.to_json(${sql}) #>> '{}'` : `${sql}::pg_catalog.text`;
}

/** A key and the SQL of the last row's value of it; undefined for null. */
interface BoundKey extends SortKey {
  last: string | undefined;
}

function bound({ parameters }: Scope, keys: readonly SortKey[], after: Position): BoundKey[] {
  return keys.map((key, index) => {
    const value = after[index] ?? null;
    return { ...key, nullable: key.nullable || value === null, last: value === null ? undefined : parameters.cast(value, key.type) };
  });
}

/** Conditions of each range of the rows behind, in their order. */
function rangesBehind(keys: readonly BoundKey[], equal: readonly string[] = []): string[][] {
  const [key, ...rest] = keys;
  if (!key) return [];
  if (keys.every(({ nullable, descending }) => !nullable && descending === key.descending)) return [[...equal, rowBehind(keys)]];
  return [...rangesBehind(rest, [...equal, same(key)]), ...behind(key).map((condition) => [...equal, condition])];
}

function rowBehind(keys: readonly BoundKey[]): string {
  const [first] = keys;
  const list = (items: readonly string[]): string => (items.length === 1 ? items.join('') : `(${items.join(', ')})`);
  return `(${list(keys.map(({ sql }) => sql))} ${first?.descending ? '<' : '>'} ${list(keys.map(({ last }) => last ?? ''))})`;
}

function same({ sql, last }: BoundKey): string {
  return last === undefined ? `(${sql} is null)` : `(${sql} = ${last})`;
}

/** Values behind the last one, and then nulls where those come last. */
function behind(key: BoundKey): string[] {
  const { sql, last, nullable, nullsFirst } = key;
  if (last === undefined) return nullsFirst ? [`(${sql} is not null)`] : [];
  return [rowBehind([key]), ...(nullable && !nullsFirst ? [`(${sql} is null)`] : [])];
}
