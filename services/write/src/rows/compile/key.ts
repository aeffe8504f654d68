import type { Relation } from '../../catalogue/relation.ts';
import type { Condition } from '../query/row-query.ts';

/** True when the conditions fix every column of the primary key to one value: at most one row can match. `only`: and say nothing else. */
export function selectsByKey(relation: Relation, conditions: readonly Condition[], only = false): boolean {
  if (relation.primaryKey.length === 0) return false;
  const fixed = new Set<string>();
  for (const condition of conditions) {
    if (condition.kind !== 'filter' || condition.operator !== 'eq' || condition.negated || condition.quantifier || condition.field.path.length > 0) continue;
    fixed.add(condition.field.column);
  }
  return relation.primaryKey.every((column) => fixed.has(column)) && (!only || fixed.size === relation.primaryKey.length);
}

/** Tables have a row version (`xmin`); views and foreign tables have none. */
export function hasRowVersion(relation: Relation): boolean {
  return relation.kind === 'r';
}
