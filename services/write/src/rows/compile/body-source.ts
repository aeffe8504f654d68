import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Column } from '../../catalogue/relation.ts';
import type { RowBody } from '../body.ts';
import { bodyColumnOf, type Scope } from './scope.ts';

/** The body's values as SQL: one expression for each of its columns, and the FROM item they are taken from (`_b`). */
export interface BodySource {
  from: string;
  values: readonly string[];
}

/**
 * Exactly the body's columns, read from its JSON by PostgreSQL itself: digits, escapes and types are its business. `defaults`: a key that an object lacks
 * stands for its column's default instead of null.
 */
export function bodySource(scope: Scope, { columns, json, form }: RowBody, defaults: boolean): BodySource {
  const typed = columns.map((name) => bodyColumnOf(scope, name));
  const definition = typed.map(jsonColumn).join(', ');
  const body = scope.parameters.cast(json, 'pg_catalog.json');
  const values = typed.map((column) => {
    const { name, defaultSql } = column;
    const own = jsonValue('_b', column);
    return defaults && defaultSql !== undefined
      ? `case when pg_catalog.jsonb_exists(_j.j::pg_catalog.jsonb, ${quoteLiteral(name)}) then ${own} else ${defaultSql} end`
      : own;
  });
  if (!defaults) return { from: `pg_catalog.${form === 'object' ? 'json_to_record' : 'json_to_recordset'}(${body}) as _b(${definition})`, values };
  const objects = form === 'object' ? `(select ${body}) as _j(j)` : `pg_catalog.json_array_elements(${body}) as _j(j)`;
  return { from: `${objects} cross join lateral pg_catalog.json_to_record(_j.j) as _b(${definition})`, values };
}

/** A column as `json_to_record` and its like define it: of its own type, or as JSON where a domain reads that in a way of its own. */
export function jsonColumn({ name, type, representation }: Column): string {
  return `${quoteIdentifier(name)} ${representation?.fromJson === undefined ? type : 'pg_catalog.json'}`;
}

/** The value of a column that `jsonColumn` defined, in the FROM item of this alias. */
export function jsonValue(alias: string, { name, representation }: Column): string {
  const value = `${alias}.${quoteIdentifier(name)}`;
  return representation?.fromJson === undefined ? value : `${representation.fromJson}(${value})`;
}
