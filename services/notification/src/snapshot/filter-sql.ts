import type { Operand, Predicate } from '#libs/governance/policy/policy';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import type { ColumnFacts } from '../subscriptions/table-facts.ts';

const OPERATOR = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

/** A subscriber's filter as SQL, its values as parameters that are cast to the columns' base types. */
export class FilterSql {
  readonly values: string[] = [];
  readonly #columns: ReadonlyMap<string, ColumnFacts>;

  constructor(columns: readonly ColumnFacts[]) {
    this.#columns = new Map(columns.map((column) => [column.name, column]));
  }

  render(predicate: Predicate): string {
    switch (predicate.op) {
      case 'and':
      case 'or':
        return predicate.args.length === 0 ? String(predicate.op === 'and') : `(${predicate.args.map((arg) => this.render(arg)).join(` ${predicate.op} `)})`;
      case 'not':
        return `(not ${this.render(predicate.arg)})`;
      case 'is-null':
        return `${quoteIdentifier(predicate.column)} is null`;
      case 'in':
        return predicate.values.length === 0
          ? 'false'
          : `${quoteIdentifier(predicate.column)} in (${predicate.values.map((value) => this.#value(predicate.column, value)).join(', ')})`;
      default:
        return `${quoteIdentifier(predicate.column)} ${OPERATOR[predicate.op]} ${this.#value(predicate.column, predicate.value)}`;
    }
  }

  #value(column: string, operand: Operand): string {
    const facts = this.#columns.get(column);
    if (!facts || !('literal' in operand)) throw new TypeError('a subscriber filter holds known columns and literals');
    this.values.push(operand.literal);
    return `$${this.values.length}::${facts.type.sql}`;
  }
}
