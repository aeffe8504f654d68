import { claimText } from './claim-text.ts';
import { compileLakeComparison, type LakeOperandColumn, type LakeSql } from './lake-comparison.ts';
import type { Operand, Predicate } from './policy.ts';
import { comparedType } from './predicate.ts';
import { parseInput, type Scalar } from './scalar.ts';
import { UnsupportedPredicate } from './unsupported-predicate.ts';

/** A table of the lakehouse as its row filter needs it. */
export interface LakeTableShape {
  /** Column name → type, as `parseColumnType` reads it. */
  types: Readonly<Record<string, string>>;
  /** The column in SQL; undefined where the lakehouse's table lacks it. */
  column: (name: string) => Omit<LakeOperandColumn, 'type'> | undefined;
}

/**
 * A row filter as a condition of a lakehouse query, for one caller: true of the same rows as the row-level security that compile-sql.ts makes of it
 * (property-tested), three-valued like it. Claims and literals are read in the forms of scalar.ts and bound; a claim that is missing, or not of the
 * column's type, is NULL. Throws `UnsupportedPredicate` as `compilePredicate` does, and for a column that the lakehouse's table lacks.
 */
export function compileLakePredicate(predicate: Predicate, shape: LakeTableShape, claims: Readonly<Record<string, unknown>>, lake: LakeSql): string {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return combine(
        predicate.op,
        predicate.args.map((arg) => compileLakePredicate(arg, shape, claims, lake)),
      );
    case 'not':
      return `(not ${compileLakePredicate(predicate.arg, shape, claims, lake)})`;
    case 'is-null':
      return `(${find(predicate.column, shape).sql} is null)`;
    case 'in': {
      const column = comparable(predicate, shape);
      const values = predicate.values.map((operand) => valueOf(operand, column, claims));
      return combine(
        'or',
        values.map((value) => compileLakeComparison(column, 'eq', value, lake)),
      );
    }
    default: {
      const column = comparable(predicate, shape);
      return compileLakeComparison(column, predicate.op, valueOf(predicate.value, column, claims), lake);
    }
  }
}

function combine(op: 'and' | 'or', args: readonly string[]): string {
  if (args.length === 0) return op === 'and' ? 'true' : 'false';
  return `(${args.join(` ${op} `)})`;
}

function comparable(predicate: Parameters<typeof comparedType>[0], shape: LakeTableShape): LakeOperandColumn {
  return { ...find(predicate.column, shape), type: comparedType(predicate, shape.types) };
}

function valueOf(operand: Operand, { type }: LakeOperandColumn, claims: Readonly<Record<string, unknown>>): Scalar | undefined {
  const text = 'literal' in operand ? operand.literal : claimText(claims, operand.claim);
  return text === undefined ? undefined : parseInput(type, text);
}

function find(name: string, { column }: LakeTableShape): Omit<LakeOperandColumn, 'type'> {
  const found = column(name);
  if (!found) throw new UnsupportedPredicate(`the lakehouse has no column ${name}`, name);
  return found;
}
