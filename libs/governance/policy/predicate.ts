import { claimText } from './claim-text.ts';
import { type ColumnType, isOrdered, parseColumnType } from './column-type.ts';
import type { Operand, Predicate } from './policy.ts';
import { compareScalars, decodeValue, parseInput, type Scalar } from './scalar.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** SQL's three values: a row is visible when it is true, and only then. */
export type Ternary = boolean | null;
/** `row`: columns as envelope.md encodes them. A column that is absent or unavailable makes what asks for it unknown. */
export type RowTest = (row: Readonly<Record<string, unknown>>) => Ternary;

/** contracts/topics/change-event.ts; a lib of this layer does not import contracts. */
const UNAVAILABLE = '__debezium_unavailable_value';

/**
 * Compiles a predicate for one caller: the same answer as the row-level security that compile-sql.ts makes of it (property-tested).
 * A claim that is missing, or can't be cast to the column's type, is NULL. `columnTypes`: see catalogue.ts.
 * Throws `UnsupportedPredicate` for a column that is not there, a type or operator outside the model, or a literal that can't be cast.
 */
export function compilePredicate(predicate: Predicate, columnTypes: Readonly<Record<string, string>>, claims: Readonly<Record<string, unknown>>): RowTest {
  switch (predicate.op) {
    case 'and':
      return conjunction(predicate.args.map((arg) => compilePredicate(arg, columnTypes, claims)));
    case 'or':
      return disjunction(predicate.args.map((arg) => compilePredicate(arg, columnTypes, claims)));
    case 'not': {
      const arg = compilePredicate(predicate.arg, columnTypes, claims);
      return (row) => negate(arg(row));
    }
    case 'is-null':
      return isNull(predicate.column, columnTypes);
    case 'in':
      return membership(predicate, columnTypes, claims);
    default:
      return comparison(predicate, columnTypes, claims);
  }
}

type Comparison = Extract<Predicate, { value: Operand }>;
type Membership = Extract<Predicate, { op: 'in' }>;

const HOLDS: Readonly<Record<Comparison['op'], (order: number) => boolean>> = {
  eq: (order) => order === 0,
  neq: (order) => order !== 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
};

/** The column's type, checked for the operator; also what compile-sql.ts asks before it writes SQL. */
export function comparedType(predicate: Comparison | Membership, columnTypes: Readonly<Record<string, string>>): ColumnType {
  const { column, op } = predicate;
  const type = parseColumnType(typeName(column, columnTypes), column);
  if (op !== 'eq' && op !== 'neq' && op !== 'in' && !isOrdered(type))
    throw new UnsupportedPredicate(`${column} has no order that row filters can rely on`, column);
  for (const operand of op === 'in' ? predicate.values : [predicate.value]) {
    if ('literal' in operand && parseInput(type, operand.literal) === undefined) {
      throw new UnsupportedPredicate(`the value for ${column} is not a ${type.kind} in the form that row filters take`, column);
    }
  }
  return type;
}

function typeName(column: string, columnTypes: Readonly<Record<string, string>>): string {
  const name = Object.hasOwn(columnTypes, column) ? columnTypes[column] : undefined;
  if (name === undefined) throw new UnsupportedPredicate(`there is no column ${column}`, column);
  return name;
}

function comparison(predicate: Comparison, columnTypes: Readonly<Record<string, string>>, claims: Readonly<Record<string, unknown>>): RowTest {
  const type = comparedType(predicate, columnTypes);
  const operand = operandValue(predicate.value, type, claims);
  const holds = HOLDS[predicate.op];
  const { column } = predicate;
  if (operand === undefined) return () => null;
  return (row) => {
    const value = valueOf(row, column, type);
    return value === undefined ? null : holds(compareScalars(type, value, operand));
  };
}

/** `x in ()` is false, whatever x is. */
function membership(predicate: Membership, columnTypes: Readonly<Record<string, string>>, claims: Readonly<Record<string, unknown>>): RowTest {
  const type = comparedType(predicate, columnTypes);
  const operands = predicate.values.map((operand) => operandValue(operand, type, claims));
  const known = operands.filter((operand) => operand !== undefined);
  const otherwise = known.length < operands.length ? null : false;
  const { column } = predicate;
  if (operands.length === 0) return () => false;
  return (row) => {
    const value = valueOf(row, column, type);
    if (value === undefined) return null;
    return known.some((operand) => compareScalars(type, value, operand) === 0) ? true : otherwise;
  };
}

/** Any type will do, since no value is looked at. */
function isNull(column: string, columnTypes: Readonly<Record<string, string>>): RowTest {
  typeName(column, columnTypes);
  return (row) => {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    return value === undefined || value === UNAVAILABLE ? null : value === null;
  };
}

function operandValue(operand: Operand, type: ColumnType, claims: Readonly<Record<string, unknown>>): Scalar | undefined {
  const text = 'literal' in operand ? operand.literal : claimText(claims, operand.claim);
  return text === undefined ? undefined : parseInput(type, text);
}

function valueOf(row: Readonly<Record<string, unknown>>, column: string, type: ColumnType): Scalar | undefined {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  return value === null || value === undefined || value === UNAVAILABLE ? undefined : decodeValue(type, value);
}

function conjunction(args: readonly RowTest[]): RowTest {
  return (row) => {
    let result: Ternary = true;
    for (const arg of args) {
      const value = arg(row);
      if (value === false) return false;
      if (value === null) result = null;
    }
    return result;
  };
}

function disjunction(args: readonly RowTest[]): RowTest {
  const none = conjunction(args.map((arg) => (row) => negate(arg(row))));
  return (row) => negate(none(row));
}

function negate(value: Ternary): Ternary {
  return value === null ? null : !value;
}
