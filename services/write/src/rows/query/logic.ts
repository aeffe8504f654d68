import { readField } from './field.ts';
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

/** A tree starts with `and(` or `or(`; a column of that name is followed by a dot. */
function readCondition(scanner: Scanner): Condition {
  for (const negated of [false, true]) {
    for (const kind of ['and', 'or'] as const) {
      const word = `${negated ? 'not.' : ''}${kind}`;
      if (!scanner.startsWith(`${word}(`)) continue;
      scanner.expect(word);
      return readTree(scanner, kind, negated);
    }
  }
  const field = readField(scanner);
  expectDot(scanner);
  return readFilter(scanner, field, 'closed');
}
