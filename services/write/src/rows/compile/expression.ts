import { quoteIdentifier } from '#libs/postgres/identifiers';
import { ApiError } from '../api-error.ts';
import type { Field, OrderItem, SelectItem } from '../query/row-query.ts';
import { isEverything, outputName } from '../query/select-names.ts';
import { columnOf, columnSql, type Scope } from './scope.ts';

export interface Expression {
  sql: string;
  /** Complete SQL of its type. */
  type: string;
  /** Unqualified name of its type under domains. */
  typeName: string;
}

const TEXT = { type: 'pg_catalog.text', typeName: 'text' } as const;

/** A column, or a place inside a JSON column (other types go through `to_jsonb`). Keys are bound values. */
export function compileField(scope: Scope, field: Field): Expression {
  const column = columnOf(scope, field.column);
  const whole: Expression = { sql: columnSql(scope, column.name), type: column.baseType, typeName: column.baseName };
  if (field.path.length === 0) return whole;
  const json =
    column.baseName === 'json' || column.baseName === 'jsonb'
      ? whole
      : { sql: `pg_catalog.to_jsonb(${whole.sql})`, type: 'pg_catalog.jsonb', typeName: 'jsonb' };
  const steps = field.path.map(({ asText, key }) => {
    const operand = typeof key === 'number' ? scope.parameters.cast(String(key), 'pg_catalog.int4') : scope.parameters.text(key);
    return `${asText ? '->>' : '->'}${operand}`;
  });
  return { sql: `(${json.sql}${steps.join('')})`, ...(field.path.at(-1)?.asText ? TEXT : { type: json.type, typeName: json.typeName }) };
}

/** The select list: every column as `*`, or each item under its name. */
export function compileSelect(scope: Scope, items: readonly SelectItem[] | null): string {
  if (items === null) return `${scope.alias}.*`;
  return items.map((item) => compileItem(scope, item)).join(', ');
}

/** With aggregates, rows are grouped by everything else that is selected: by place in the list, since bound keys make two spellings of one expression. */
export function compileGrouped(scope: Scope, items: readonly SelectItem[]): { list: string; groupBy: string } {
  const expanded = items.flatMap((item) =>
    isEverything(item) ? [...scope.relation.columns.keys()].map((column) => ({ field: { column, path: [] } })) : [item],
  );
  const places = expanded.flatMap(({ aggregate }: SelectItem, index) => (aggregate ? [] : [index + 1]));
  return { list: compileSelect(scope, expanded), groupBy: places.length === 0 ? '' : ` group by ${places.join(', ')}` };
}

function compileItem(scope: Scope, item: SelectItem): string {
  if (isEverything(item)) return `${scope.alias}.*`;
  const { field, aggregate } = item;
  const counted = aggregate !== undefined && field.column === '*' && field.path.length === 0;
  const value = counted ? '*' : castTo(scope, compileField(scope, field).sql, item.cast);
  return `${aggregate ? castTo(scope, `pg_catalog.${aggregate.name}(${value})`, aggregate.cast) : value} as ${quoteIdentifier(outputName(item))}`;
}

function castTo(scope: Scope, sql: string, type: string | undefined): string {
  return type === undefined ? sql : `(${sql})::${typeSql(scope, type)}`;
}

/** Only types of the catalogue can be named: what is written into the statement is the catalogue's spelling. */
function typeSql({ types }: Scope, name: string): string {
  const [, base = '', array = ''] = /^(.*?)\s*((?:\[\])*)$/.exec(name.toLowerCase()) ?? [];
  const type = types.get(base.replaceAll('"', '').trim());
  if (type === undefined) throw new ApiError(400, '42704', `type "${name}" does not exist`);
  return `${type}${array}`;
}

export function compileOrder(scope: Scope, order: readonly OrderItem[]): string {
  if (order.length === 0) return '';
  const items = order.map(
    ({ field, direction, nulls }) => `${compileField(scope, field).sql}${direction ? ` ${direction}` : ''}${nulls ? ` nulls ${nulls}` : ''}`,
  );
  return ` order by ${items.join(', ')}`;
}
