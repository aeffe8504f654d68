import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { Column, Relation, Representation } from '../../catalogue/relation.ts';
import { ApiError } from '../api-error.ts';
import type { Field, OrderItem, SelectItem } from '../query/row-query.ts';
import { isEverything, outputName } from '../query/select-names.ts';
import { columnOf, columnSql, type Scope } from './scope.ts';

export interface ValueType {
  /** Complete SQL of the type. */
  type: string;
  /** Its unqualified name, under domains. */
  typeName: string;
}

export interface Expression extends ValueType {
  sql: string;
  /** Of a whole column whose domain has one. */
  representation?: Representation | undefined;
}

const TEXT: ValueType = { type: 'pg_catalog.text', typeName: 'text' };
const JSONB: ValueType = { type: 'pg_catalog.jsonb', typeName: 'jsonb' };

/** A column, or a place inside a JSON column (other types go through `to_jsonb`). Keys are bound values. */
export function compileField(scope: Scope, field: Field): Expression {
  const column = columnOf(scope, field.column);
  const sql = columnSql(scope, column.name);
  const type = typeOf(scope.relation, field);
  if (field.path.length === 0) return { sql, ...type, representation: column.representation };
  const steps = field.path.map(({ asText, key }) => {
    const operand = typeof key === 'number' ? scope.parameters.cast(String(key), 'pg_catalog.int4') : scope.parameters.text(key);
    return `${asText ? '->>' : '->'}${operand}`;
  });
  return { sql: `(${isJson(column) ? sql : `pg_catalog.to_jsonb(${sql})`}${steps.join('')})`, ...type };
}

/** What a field's values are. */
export function typeOf(relation: Relation, { column: name, path }: Field): ValueType {
  const column = columnOf({ relation }, name);
  if (path.at(-1)?.asText) return TEXT;
  return path.length === 0 || isJson(column) ? { type: column.baseType, typeName: column.baseName } : JSONB;
}

function isJson({ baseName }: Column): boolean {
  return baseName === 'json' || baseName === 'jsonb';
}

/** One value of each row that is shown. `sql` is before `aggregate`, whose argument it is. */
export interface Output {
  name: string;
  sql: string;
  aggregate?: { name: string; cast?: string };
  /** JSON that we made. */
  json?: boolean;
}

/** The select list as values with names: `*` written out. */
export function selectOutputs(scope: Scope, items: readonly SelectItem[] | null): Output[] {
  return (items ?? [EVERYTHING]).flatMap((item) => (isEverything(item) ? columnItems(scope) : [item])).map((item) => outputOf(scope, item));
}

const EVERYTHING: SelectItem = { field: { column: '*', path: [] } };

function columnItems({ relation }: Scope): SelectItem[] {
  return [...relation.columns.keys()].map((column) => ({ field: { column, path: [] } }));
}

/** The select list: every column as `*` where that says the same, or each item under its name. */
export function compileSelect(scope: Scope, items: readonly SelectItem[] | null): string {
  if (!showsRepresentation(scope)) {
    if (items === null) return `${scope.alias}.*`;
    return items.map((item) => (isEverything(item) ? `${scope.alias}.*` : outputSql(scope, outputOf(scope, item)))).join(', ');
  }
  return selectOutputs(scope, items)
    .map((output) => outputSql(scope, output))
    .join(', ');
}

/** Whether some column is shown through a function of its domain's, so that `*` would not do. */
function showsRepresentation({ relation }: Scope): boolean {
  for (const { representation } of relation.columns.values()) if (representation?.toJson !== undefined) return true;
  return false;
}

export function outputSql(scope: Scope, output: Output): string {
  return `${valueSql(scope, output)} as ${quoteIdentifier(output.name)}`;
}

export function valueSql(scope: Scope, { sql, aggregate }: Output): string {
  return aggregate ? castTo(scope, `pg_catalog.${aggregate.name}(${sql})`, aggregate.cast) : sql;
}

function outputOf(scope: Scope, item: SelectItem): Output {
  const { field, aggregate } = item;
  const counted = aggregate !== undefined && field.column === '*' && field.path.length === 0;
  const sql = counted ? '*' : shown(scope, item);
  return { name: outputName(item), sql, ...(aggregate ? { aggregate } : {}) };
}

/** A domain that knows how it is shown in JSON is shown so, and that is what a cast is of. */
function shown(scope: Scope, { field, cast }: SelectItem): string {
  const { sql, representation } = compileField(scope, field);
  return castTo(scope, representation?.toJson === undefined ? sql : `${representation.toJson}(${sql})`, cast);
}

function castTo(scope: Scope, sql: string, type: string | undefined): string {
  return type === undefined ? sql : `(${sql})::${typeSql(scope, type)}`;
}

/** Only types of the catalogue can be named: what is written into the statement is the catalogue's spelling. */
function typeSql({ catalogue }: Scope, name: string): string {
  const [, base = '', array = ''] = /^(.*?)\s*((?:\[\])*)$/.exec(name.toLowerCase()) ?? [];
  const type = catalogue.types.get(base.replaceAll('"', '').trim());
  if (type === undefined) throw new ApiError(400, '42704', `type "${name}" does not exist`);
  return `${type}${array}`;
}

/** The SQL of each item; `related` gives that of items that are ordered by an embedded resource's field. */
export function orderSqls(scope: Scope, order: readonly OrderItem[], related: ReadonlyMap<OrderItem, string> = NONE): string[] {
  return order.map((item) => related.get(item) ?? compileField(scope, item.field).sql);
}

const NONE: ReadonlyMap<OrderItem, string> = new Map();

/** ` order by …`, or '' without an order. `sqls`: of each item. */
export function orderSql(order: readonly OrderItem[], sqls: readonly string[]): string {
  if (order.length === 0) return '';
  const items = order.map(({ direction, nulls }, index) => `${sqls[index]}${direction ? ` ${direction}` : ''}${nulls ? ` nulls ${nulls}` : ''}`);
  return ` order by ${items.join(', ')}`;
}
