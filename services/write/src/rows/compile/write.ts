import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { SelectItem } from '../query/row-query.ts';
import { compileSelect } from './expression.ts';
import { hasRowVersion } from './key.ts';
import { bodyColumnOf, columnSql, type Scope } from './scope.ts';
import { bodySql, guardedCount, type RowBounds, type Shape } from './statement.ts';

/** What the caller wants back from a write. */
export interface Returning {
  shape: Shape;
  select: readonly SelectItem[] | null;
  /** The keys of the rows written: for `Location` and for the replay of an idempotent request. Needs SELECT on the key. */
  keys: boolean;
  /** Wraps the expression of `extra`, where the outcome of the write is kept for a replay. Then `extra` also holds the body's `digest`. */
  keep?: (jsonb: string) => string;
  /** The row version after the write. Needs SELECT on the whole table. */
  version: boolean;
  /** How many rows the write must have touched, or be undone. */
  allowed?: RowBounds;
}

/** The body's columns as a record definition for `json_to_recordset`. */
export function recordDefinition(scope: Scope, columns: readonly string[]): string {
  return columns.map((name) => `${quoteIdentifier(name)} ${bodyColumnOf(scope, name).type}`).join(', ');
}

/** ` returning …` of a data-modifying statement; `_r` the record shown, `_v` its version, `_k` its key, `_i` whether it was inserted. */
export function compileReturning(scope: Scope, { shape, select, keys, version }: Returning, inserted: boolean): string {
  const { relation } = scope;
  const items: string[] = [];
  if (shape.body !== 'none')
    items.push(select === null ? `${scope.alias} as _r` : `(select pg_catalog.row_to_json(_x.*) from (select ${compileSelect(scope, select)}) _x) as _r`);
  if (version && hasRowVersion(relation)) items.push(`${scope.alias}.xmin::pg_catalog.text as _v`);
  if (keys && relation.primaryKey.length > 0) items.push(`pg_catalog.json_build_array(${keyTexts(scope)}) as _k`);
  if (inserted && hasRowVersion(relation)) items.push(`(${scope.alias}.xmax = 0) as _i`);
  return ` returning ${items.length === 0 ? '1 as _n' : items.join(', ')}`;
}

/** ` returning …` of an insert of one row: that row is the outcome. A trigger that swallows it leaves none. */
export function compileSingleReturning(scope: Scope, { shape, select, keys, version, keep }: Returning): string {
  const extra: string[] = [];
  if (version && hasRowVersion(scope.relation)) extra.push(`'etag', ${scope.alias}.xmin::pg_catalog.text`);
  if (keys && scope.relation.primaryKey.length > 0) extra.push(`'keys', pg_catalog.json_build_array(pg_catalog.json_build_array(${keyTexts(scope)}))`);
  const body = singleBody(scope, shape, select);
  return ` returning ${body} as body, null::pg_catalog.int8 as total, 1::pg_catalog.int8 as page, ${extraSql(extra, shape.body === 'none' ? null : body, keep)} as extra`;
}

function singleBody(scope: Scope, { body, stripNulls }: Shape, select: Returning['select']): string {
  if (body === 'none') return `''::pg_catalog.text`;
  const row =
    select === null ? `pg_catalog.row_to_json(${scope.alias}.*)` : `(select pg_catalog.row_to_json(_x.*) from (select ${compileSelect(scope, select)}) _x)`;
  const text = `${stripNulls ? `pg_catalog.json_strip_nulls(${row})` : row}::pg_catalog.text`;
  return body === 'array' ? `'[' || ${text} || ']'` : text;
}

/** The outer select over the rows written (`_w`). */
export function compileOutcome(scope: Scope, { shape, keys, version, allowed, keep }: Returning, inserted: boolean): string {
  const { relation } = scope;
  const extra: string[] = [];
  if (version && hasRowVersion(relation)) extra.push(`'etag', case when pg_catalog.count(*) = 1 then pg_catalog.min(_w._v) end`);
  if (keys && relation.primaryKey.length > 0) extra.push(`'keys', pg_catalog.json_agg(_w._k)`);
  if (inserted && hasRowVersion(relation)) extra.push(`'status', case when pg_catalog.bool_or(_w._i) is false then 200 else 201 end`);
  const body = bodySql('_w._r', shape);
  const page = guardedCount(scope.parameters, allowed);
  return ` select ${body} as body, null::pg_catalog.int8 as total, ${page} as page, ${extraSql(extra, shape.body === 'none' ? null : body, keep)} as extra from _w`;
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
