import { FIELD_NAME, readField } from './field.ts';
import { expectDot, readFilter } from './filter.ts';
import type { Condition, ConditionTree } from './row-query.ts';
import type { Scanner } from './scanner.ts';

/** The value of `and=`, `or=`, `not.and=`, `not.or=`: `(condition,condition,…)`. */
export function readTree(scanner: Scanner, kind: 'and' | 'or', negated: boolean): ConditionTree {
  return scanner.nested(() => {
    scanner.expect('(');
    const conditions: Condition[] = [];
    do {
      scanner.skipSpaces();
      conditions.push(readCondition(scanner));
      scanner.skipSpaces();
    } while (scanner.eat(','));
    if (!scanner.eat(')')) scanner.fail('"," or ")"');
    return { kind, negated, conditions };
  });
}

/** A tree starts with `and(` or `or(`, blanks before the bracket or not; a column of that name is followed by a dot. */
function readCondition(scanner: Scanner): Condition {
  const tree = /^(not\.)?(and|or) *\(/.exec(scanner.text.slice(scanner.position, scanner.position + MOST_BLANKS));
  if (tree) {
    scanner.seek(scanner.position + tree[0].length - 1);
    return readTree(scanner, tree[2] as 'and' | 'or', tree[1] !== undefined);
  }
  const field = readField(scanner, `${FIELD_NAME}, negation operator (not) or logic operator (and, or)`);
  expectDot(scanner);
  return readFilter(scanner, field, 'closed');
}

const MOST_BLANKS = 64;
