import { arrayLiteral } from '#libs/postgres/identifiers';
import { ApiError } from '../api-error.ts';
import { OPERATORS } from '../query/operators.ts';
import type { Condition, Filter } from '../query/row-query.ts';
import { compileField, type Expression } from './expression.ts';
import type { Scope } from './scope.ts';

/** Each condition as SQL. */
export function conditionsSql(scope: Scope, conditions: readonly Condition[]): string[] {
  return conditions.map((condition) => compileCondition(scope, condition));
}

/** ` where …`, or '' without conditions. */
export function whereSql(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
}

function compileCondition(scope: Scope, condition: Condition): string {
  if (condition.kind === 'filter') return compileFilter(scope, condition);
  const inner = condition.conditions.map((child) => compileCondition(scope, child)).join(` ${condition.kind} `);
  return `${condition.negated ? 'not ' : ''}(${inner})`;
}

function compileFilter(scope: Scope, filter: Filter): string {
  const presence = filter.field.path.length === 0 ? scope.embedded.get(filter.field.column) : undefined;
  if (presence !== undefined && (isNullTest(filter) || !scope.relation.columns.has(filter.field.column))) return compilePresence(presence, filter);
  const left = compileField(scope, filter.field);
  const test = OPERATORS[filter.operator].operand === 'search' ? compileSearch(scope, filter, left) : `${left.sql} ${operatorAndOperand(scope, filter, left)}`;
  return `${filter.negated ? 'not ' : ''}(${test})`;
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'uuid', 'unknown']);

function isNullTest({ value }: Filter): boolean {
  return value.kind === 'is' && (value.word === 'null' || value.word === 'not null');
}

/** Whether an embedded resource has a row: `relation=is.null`, `relation=not.is.null`. */
function compilePresence(presence: string, filter: Filter): string {
  const { negated, value, field } = filter;
  if (value.kind === 'is' && isNullTest(filter)) return `(${presence} is ${negated === (value.word === 'null') ? 'not null' : 'null'})`;
  throw new ApiError(400, 'PGRST120', `Bad operator on the '${field.column}' embedded resource`, {
    details: 'Only is null or not is null filters are allowed on embedded resources',
  });
}

function operatorAndOperand(scope: Scope, { operator, value, quantifier }: Filter, left: Expression): string {
  const { sql, operand } = OPERATORS[operator];
  if (value.kind === 'is') return `is ${value.word}`;
  // Types of extensions have patterns of their own (`ltree ~ lquery`): what is no text of Postgres's own is left to it.
  const type = operand === 'text' ? (TEXTS.has(left.typeName) ? 'pg_catalog.text' : '') : left.type;
  const pattern = operator === 'like' || operator === 'ilike';
  // A star stands for the percent sign, which URLs must escape.
  const spell = (text: string): string => (pattern ? text.replaceAll('*', '%') : text);
  const fromText = operand === 'text' ? undefined : left.representation?.fromText;
  if (value.kind === 'text') {
    if (fromText !== undefined) return `${sql} ${fromText}(${scope.parameters.text(value.text)})`;
    return `${sql} ${scope.parameters.cast(spell(value.text), type)}`;
  }
  // `in.()` names nothing, as `in.(  )` does.
  const named = value.items.length === 1 && value.items[0] === '' && operator === 'in' ? [] : value.items;
  const items = arrayLiteral(named.map(spell));
  if (fromText !== undefined)
    return `${sql} ${quantifier ?? 'any'} (select ${fromText}(pg_catalog.unnest(${scope.parameters.cast(items, 'pg_catalog.text[]')})))`;
  return `${sql} ${quantifier ?? 'any'} (${scope.parameters.cast(items, type === '' ? '' : `${type}[]`)})`;
}

function compileSearch(scope: Scope, { operator, language, value }: Filter, left: Expression): string {
  const configuration = language === undefined ? '' : `${scope.parameters.cast(language, 'pg_catalog.regconfig')}, `;
  const vector = left.typeName === 'tsvector' ? left.sql : `pg_catalog.to_tsvector(${configuration}${left.sql})`;
  const text = scope.parameters.text(value.kind === 'text' ? value.text : '');
  return `${vector} @@ pg_catalog.${OPERATORS[operator].sql}(${configuration}${text})`;
}
