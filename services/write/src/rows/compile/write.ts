import type { RowQuery } from '../query/row-query.ts';
import { compileField } from './expression.ts';
import { hasRowVersion } from './key.ts';
import { compileNode } from './node.ts';
import type { Node } from './parts.ts';
import { planEmbeds } from './plan.ts';
import { columnSql, type Scope } from './scope.ts';
import { bodySql, csvLine, guardedCount, type RowBounds, type Shape } from './statement.ts';

/** What the caller wants back from a write. */
export interface Returning {
  shape: Shape;
  /** Its select list, what is embedded, and its order; filters are the write's. */
  query: RowQuery;
  /** The keys of the rows written: for `Location` and for the replay of an idempotent request. Needs SELECT on the key. */
  keys: boolean;
  /** Wraps the expression of `extra`, where the outcome of the write is kept for a replay. Then `extra` also holds the body's `digest`. */
  keep?: (jsonb: string) => string;
  /** The row version after the write. Needs SELECT on the whole table. */
  version: boolean;
  /** How many rows the write must have touched, or be undone. */
  allowed?: RowBounds;
}

/** What a row that was written is shown as. Undefined where nothing is. */
export interface Shown {
  /** The row as an expression. */
  sql: string;
  names: readonly string[];
  /** Null for a row that an `!inner` of the request leaves out. */
  restricts: boolean;
}

/** Related rows are found by subqueries of RETURNING: they see what was there before the statement, and the written row's own values. */
export function compileShown(scope: Scope, { shape, query }: Returning): Shown | undefined {
  if (shape.body === 'none') return undefined;
  const plans = planEmbeds(scope.catalogue, scope.relation, query.embeds);
  const node = compileNode(scope, { ...query, conditions: [], order: [] }, plans);
  if (query.select === null && plans.length === 0 && node.list === `${scope.alias}.*` && shape.body !== 'csv')
    return { sql: scope.alias, names: node.names, restricts: false };
  return { sql: recordSql(node, shape), names: node.names, restricts: node.restricts };
}

function recordSql({ list, joins, names }: Node, { body }: Shape): string {
  const record = body === 'csv' ? csvLine('_x', names) : 'pg_catalog.row_to_json(_x.*)';
  return `(select ${record} from (select ${list}${joins === '' ? '' : ` from (select 1) _one${joins}`}) _x)`;
}

/** ` returning …` of a data-modifying statement; `_r` the record shown, `_v` its version, `_k` its key, `_i` whether it was inserted. */
export function compileReturning(scope: Scope, { query, keys, version }: Returning, shown: Shown | undefined, inserted: boolean): string {
  const { relation } = scope;
  const items: string[] = [];
  if (shown) items.push(`${shown.sql} as _r`, ...query.order.map((item, index) => `${compileField(scope, item.field).sql} as _o${index}`));
  if (version && hasRowVersion(relation)) items.push(`${scope.alias}.xmin::pg_catalog.text as _v`);
  if (keys && relation.primaryKey.length > 0) items.push(`array[${keyTexts(scope)}] as _k`);
  if (inserted && hasRowVersion(relation)) items.push(`(${scope.alias}.xmax = 0) as _i`);
  return ` returning ${items.length === 0 ? '1 as _n' : items.join(', ')}`;
}

/** Whether an insert of one row can be its own outcome (`compileSingleReturning`). */
export function answersAtOnce({ shape }: Returning, shown: Shown | undefined): boolean {
  return (shape.body === 'none' || shape.body === 'array' || shape.body === 'object') && shown?.restricts !== true;
}

/** ` returning …` of an insert of one row: that row is the outcome. A trigger that swallows it leaves none. */
export function compileSingleReturning(scope: Scope, { shape, keys, version, keep }: Returning, shown: Shown | undefined): string {
  const extra: string[] = [];
  if (version && hasRowVersion(scope.relation)) extra.push(`'etag', ${scope.alias}.xmin::pg_catalog.text`);
  if (keys && scope.relation.primaryKey.length > 0) extra.push(`'keys', pg_catalog.json_build_array(pg_catalog.json_build_array(${keyTexts(scope)}))`);
  const body = singleBody(scope, shape, shown);
  return ` returning ${body} as body, null::pg_catalog.int8 as total, 1::pg_catalog.int8 as page, ${extraSql(extra, shown ? body : null, keep)} as extra`;
}

function singleBody(scope: Scope, { body, stripNulls }: Shape, shown: Shown | undefined): string {
  if (!shown) return `''::pg_catalog.text`;
  const row = shown.sql === scope.alias ? `pg_catalog.row_to_json(${scope.alias}.*)` : shown.sql;
  const text = `${stripNulls ? `pg_catalog.json_strip_nulls(${row})` : row}::pg_catalog.text`;
  return body === 'array' ? `'[' || ${text} || ']'` : text;
}

/** The outer select over the rows written (`_w`). */
export function compileOutcome(scope: Scope, returning: Returning, shown: Shown | undefined, inserted: boolean): string {
  const { shape, query, keys, version, allowed, keep } = returning;
  const { relation } = scope;
  const extra: string[] = [];
  if (version && hasRowVersion(relation)) extra.push(`'etag', case when pg_catalog.count(*) = 1 then pg_catalog.min(_w._v) end`);
  if (keys && relation.primaryKey.length > 0) extra.push(`'keys', pg_catalog.array_to_json(pg_catalog.array_agg(_w._k))`);
  if (inserted) extra.push(`'status', case when ${hasRowVersion(relation) ? 'pg_catalog.bool_or(_w._i)' : `${INSERTED} > 0`} then 201 else 200 end`);
  const body = bodySql('_w._r', shape, shown?.names);
  const page = guardedCount(scope.parameters, allowed);
  const written = shown ? writtenRows(query, shown) : '_w';
  return ` select ${body} as body, null::pg_catalog.int8 as total, ${page} as page, ${extraSql(extra, shown ? body : null, keep)} as extra from ${written}`;
}

/** In the order that the request names, without those that an `!inner` leaves out. */
function writtenRows({ order }: RowQuery, { restricts }: Shown): string {
  const items = order.map(({ direction, nulls }, index) => `_w._o${index}${direction ? ` ${direction}` : ''}${nulls ? ` nulls ${nulls}` : ''}`);
  const where = restricts ? ' where _w._r is not null' : '';
  if (items.length === 0 && where === '') return '_w';
  return `(select * from _w${where}${items.length === 0 ? '' : ` order by ${items.join(', ')}`}) _w`;
}

function extraSql(pairs: readonly string[], body: string | null, keep: Returning['keep']): string {
  const kept = keep && body !== null ? [`'digest', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(${body}, ''), 'UTF8')), 'hex')`] : [];
  const extra = `pg_catalog.json_build_object(${[...pairs, ...kept].join(', ')})`;
  if (keep) return keep(extra);
  return pairs.length === 0 ? 'null::pg_catalog.json' : extra;
}

function keyTexts(scope: Scope): string {
  return scope.relation.primaryKey.map((name) => `${columnSql(scope, name)}::pg_catalog.text`).join(', ');
}

/** Rows inserted and not updated, where no row version tells: counted up with each row, and down again with each update. */
const INSERTED = `coalesce(nullif(pg_catalog.current_setting('lakeloop.inserted', true), ''), '0')::pg_catalog.int4`;

/** A condition that is always true. */
export function countBy(sign: '+' | '-'): string {
  return `pg_catalog.set_config('lakeloop.inserted', (${INSERTED} ${sign} 1)::pg_catalog.text, true) is not null`;
}
