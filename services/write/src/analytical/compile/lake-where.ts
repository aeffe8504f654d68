import { parseColumnType } from '#libs/governance/policy/column-type';
import { compileLakeComparison, type ComparisonOperator, type LakeOperandColumn } from '#libs/governance/policy/lake-comparison';
import { UnsupportedPredicate } from '#libs/governance/policy/unsupported-predicate';
import { ApiError } from '../../rows/api-error.ts';
import { OPERATORS } from '../../rows/query/operators.ts';
import type { Condition, Filter } from '../../rows/query/row-query.ts';
import { type Operands, scalarOf } from '../operands.ts';
import { undefinedFunction, unsupported } from '../refusals.ts';
import { compileLakeField, type LakeExpression } from './lake-field.ts';
import type { LakeScope } from './lake-scope.ts';

/** Types whose values are kept, compared and ordered as their text, byte by byte. */
const TEXTUAL: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name', 'uuid']);
const PATTERNED: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'name']);

/** A condition of the request. `operands` are its values as PostgreSQL reads them. */
export function compileLakeCondition(scope: LakeScope, condition: Condition, operands: Operands): string {
  if (condition.kind === 'filter') return compileLakeFilter(scope, condition, operands);
  const inner = condition.conditions.map((child) => compileLakeCondition(scope, child, operands)).join(` ${condition.kind} `);
  return `${condition.negated ? 'not ' : ''}(${inner})`;
}

function compileLakeFilter(scope: LakeScope, filter: Filter, operands: Operands): string {
  const left = compileLakeField(scope, filter.field);
  return `${filter.negated ? 'not ' : ''}(${test(scope, filter, left, operands.get(filter) ?? [])})`;
}

function test(scope: LakeScope, { operator, value, quantifier, field }: Filter, left: LakeExpression, operands: readonly string[]): string {
  switch (operator) {
    case 'is':
      return isWord(left, value.kind === 'is' ? value.word : 'null');
    case 'eq':
    case 'neq':
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return some(
        operands.map((text) => compare(scope, { left, column: field.column }, operator, text)),
        quantifier,
      );
    case 'in':
      return some(
        operands.map((text) => compare(scope, { left, column: field.column }, 'eq', text)),
        'any',
      );
    case 'isdistinct':
      return distinct(compare(scope, { left, column: field.column }, 'eq', operands[0] ?? ''));
    case 'like':
    case 'ilike':
    case 'match':
    case 'imatch': {
      if (!PATTERNED.has(left.pg)) throw undefinedFunction(`operator does not exist: ${left.pg} ${OPERATORS[operator].sql} text`);
      const texts = value.kind === 'text' ? [value.text] : value.kind === 'list' ? value.items : [];
      return some(
        texts.map((text) => matches(scope, operator, left.sql, text)),
        quantifier,
      );
    }
    case 'fts':
    case 'plfts':
    case 'phfts':
    case 'wfts':
      throw unsupported('text search in the lakehouse', 'Use like or match.');
    default:
      throw undefinedFunction(`operator does not exist: ${left.pg} ${OPERATORS[operator].sql} ${left.pg}`);
  }
}

/** `= any ('{}')` is false, `= all ('{}')` true, also of null. */
function some(tests: readonly string[], quantifier: Filter['quantifier'] = 'any'): string {
  if (tests.length === 0) return String(quantifier === 'all');
  return tests.length === 1 ? (tests[0] as string) : `(${tests.join(quantifier === 'all' ? ' and ' : ' or ')})`;
}

/** Equality that is never null: the operand itself is none. */
function distinct(equal: string): string {
  return `(not coalesce(${equal}, false))`;
}

function isWord({ sql, pg }: LakeExpression, word: string): string {
  if (word !== 'null' && word !== 'not null' && pg !== 'bool')
    throw new ApiError(400, '42804', `argument of IS ${word.toUpperCase()} must be type boolean, not type ${pg}`);
  return word === 'unknown' ? `${sql} is null` : `${sql} is ${word}`;
}

interface Left {
  left: LakeExpression;
  column: string;
}

function compare(scope: LakeScope, { left, column }: Left, operator: ComparisonOperator, text: string): string {
  const { sql, pg, decimal } = left;
  const sign = OPERATORS[operator].sql;
  if (TEXTUAL.has(pg)) return `(${sql} ${sign} ${scope.bind(text)})`;
  if (pg === 'float4' || pg === 'float8') return `(${sql} ${sign} cast(${scope.bind(text)} as ${pg === 'float4' ? 'float' : 'double'}))`;
  if (pg === 'bytea') return `(${sql} ${sign} unhex(${scope.bind(text)}))`;
  if (pg === 'json') throw undefinedFunction(`operator does not exist: json ${sign} json`);
  if (pg === 'enum') {
    if (operator === 'eq' || operator === 'neq') return `(${sql} ${sign} ${scope.bind(text)})`;
    throw unsupported(`the order of column ${column}, which is an enum`);
  }
  const value = scalarOf(pg, text);
  if (value === undefined) throw unsupported(`comparing column ${column} of type ${pg} in the lakehouse`);
  const operand: LakeOperandColumn = { name: column, sql, type: parseColumnType(pg, column), ...(decimal ? { decimal } : {}) };
  try {
    return compileLakeComparison(operand, operator, value, scope);
  } catch (error) {
    throw error instanceof UnsupportedPredicate ? unsupported(error.message) : error;
  }
}

function matches(scope: LakeScope, operator: 'like' | 'ilike' | 'match' | 'imatch', sql: string, text: string): string {
  const duckdb = scope.dialect === 'duckdb';
  if (operator === 'like' || operator === 'ilike') {
    const pattern = text.replaceAll('*', '%');
    if (duckdb) return String.raw`(${sql} ${operator} ${scope.bind(pattern)} escape '\')`;
    const strict = strictPattern(pattern);
    return strict === undefined ? `(case when ${sql} is not null then false end)` : `(${sql} ${operator} ${scope.bind(strict)})`;
  }
  // A dot matches a line's end in PostgreSQL.
  if (duckdb) return `regexp_matches(${sql}, ${scope.bind(text)}, '${operator === 'match' ? 's' : 'si'}')`;
  return `regexp_like(${sql}, ${scope.bind(`(?s${operator === 'match' ? '' : 'i'})${text}`)})`;
}

/**
 * The same pattern with the escape character before `_`, `%` and itself alone, as Databricks wants it; a pattern that ends in the middle of an escape finds
 * nothing: undefined.
 */
function strictPattern(pattern: string): string | undefined {
  const strict = pattern.replaceAll(/\\([\s\S]?)/g, (whole, next: string) => (next === '' || /[\\_%]/.test(next) ? whole : next));
  return /(?<!\\)(\\\\)*\\$/.test(strict) ? undefined : strict;
}
