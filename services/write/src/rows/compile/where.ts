import { OPERATORS } from '../query/operators.ts';
import type { Condition, Filter } from '../query/row-query.ts';
import { compileField, type Expression } from './expression.ts';
import { arrayLiteral } from './parameters.ts';
import type { Scope } from './scope.ts';

/** ` where …`, or '' without conditions. */
export function compileWhere(scope: Scope, conditions: readonly Condition[], extra: readonly string[] = []): string {
  const all = [...conditions.map((condition) => compileCondition(scope, condition)), ...extra];
  return all.length === 0 ? '' : ` where ${all.join(' and ')}`;
}

function compileCondition(scope: Scope, condition: Condition): string {
  if (condition.kind === 'filter') return compileFilter(scope, condition);
  const inner = condition.conditions.map((child) => compileCondition(scope, child)).join(` ${condition.kind} `);
  return `${condition.negated ? 'not ' : ''}(${inner})`;
}

function compileFilter(scope: Scope, filter: Filter): string {
  const left = compileField(scope, filter.field);
  const test = OPERATORS[filter.operator].operand === 'search' ? compileSearch(scope, filter, left) : `${left.sql} ${operatorAndOperand(scope, filter, left)}`;
  return `${filter.negated ? 'not ' : ''}(${test})`;
}

function operatorAndOperand(scope: Scope, { operator, value, quantifier }: Filter, left: Expression): string {
  const { sql, operand } = OPERATORS[operator];
  if (value.kind === 'is') return `is ${value.word}`;
  const type = operand === 'text' ? 'pg_catalog.text' : left.type;
  const pattern = operator === 'like' || operator === 'ilike';
  // A star stands for the percent sign, which URLs must escape.
  const spell = (text: string): string => (pattern ? text.replaceAll('*', '%') : text);
  if (value.kind === 'text') return `${sql} ${scope.parameters.cast(spell(value.text), type)}`;
  return `${sql} ${quantifier ?? 'any'} (${scope.parameters.cast(arrayLiteral(value.items.map(spell)), `${type}[]`)})`;
}

function compileSearch(scope: Scope, { operator, language, value }: Filter, left: Expression): string {
  const configuration = language === undefined ? '' : `${scope.parameters.cast(language, 'pg_catalog.regconfig')}, `;
  const vector = left.typeName === 'tsvector' ? left.sql : `pg_catalog.to_tsvector(${configuration}${left.sql})`;
  const text = scope.parameters.text(value.kind === 'text' ? value.text : '');
  return `${vector} @@ pg_catalog.${OPERATORS[operator].sql}(${configuration}${text})`;
}
