import type { Predicate } from '#libs/governance/policy/policy';
import { FilterError } from './filter-error.ts';

const COMPARISONS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const;
type Comparison = (typeof COMPARISONS)[number];

/**
 * PostgREST's filter language (postgrest.org, "Horizontal Filtering" and "Logical operators"), as far as a change stream evaluates it exactly:
 * eq, neq, gt, gte, lt, lte, in, is, not, and, or. Anything else throws a `FilterError` that names the place.
 */
export function parseColumnFilter(column: string, text: string): Predicate {
  const reader = new Reader(column, text);
  const predicate = reader.condition(unquoted(column), 'rest');
  reader.end();
  return predicate;
}

/** `and=(…)`, `or=(…)`, `not.and=(…)`, `not.or=(…)`. */
export function parseLogicFilter(parameter: string, text: string): Predicate {
  const operator = parameter.replace(/^not\./, '') as 'and' | 'or';
  const reader = new Reader(parameter, text);
  const tree: Predicate = { op: operator, args: reader.group() };
  reader.end();
  return parameter.startsWith('not.') ? { op: 'not', arg: tree } : tree;
}

function unquoted(name: string): string {
  return /^".*"$/.test(name) ? name.slice(1, -1).replaceAll(/\\(.)/g, '$1') : name;
}

/** Deepest nesting that is read; a request's stack is not the caller's to choose. */
const MAX_DEPTH = 32;

class Reader {
  readonly #place: string;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(place: string, text: string) {
    this.#place = place;
    this.#text = text;
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#error(`unexpected "${this.#text.slice(this.#at, this.#at + 20)}"`);
  }

  /** `(item,item…)` */
  group(): Predicate[] {
    if (++this.#depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH}`);
    this.#expect('(');
    const items = [this.#item()];
    while (this.#take(',')) items.push(this.#item());
    this.#expect(')');
    this.#depth -= 1;
    return items;
  }

  #item(): Predicate {
    const logic = /^(not\.)?(and|or)(?=\()/.exec(this.#rest());
    if (!logic) return this.condition(this.#name(), 'item');
    this.#at += logic[0].length;
    const tree: Predicate = { op: logic[2] as 'and' | 'or', args: this.group() };
    return logic[1] ? { op: 'not', arg: tree } : tree;
  }

  /** `[not.]operator.value`; the value ends with the text, or in a group at `,` or `)`. */
  condition(column: string, until: 'rest' | 'item'): Predicate {
    const negated = this.#take('not.');
    const operator = /^[a-z]+/.exec(this.#rest())?.[0] ?? '';
    this.#at += operator.length;
    if (!this.#take('.')) throw this.#error(`expected operator.value, such as eq.1`);
    const predicate = this.#comparison(column, operator, until);
    return negated ? { op: 'not', arg: predicate } : predicate;
  }

  #comparison(column: string, operator: string, until: 'rest' | 'item'): Predicate {
    if ((COMPARISONS as readonly string[]).includes(operator)) return { op: operator as Comparison, column, value: { literal: this.#value(until) } };
    if (operator === 'in') return { op: 'in', column, values: this.#list().map((literal) => ({ literal })) };
    if (operator === 'is') return this.#is(column, this.#value(until));
    throw this.#error(`a change stream does not evaluate "${operator}"; it knows ${[...COMPARISONS, 'in', 'is', 'not'].join(', ')}`);
  }

  /** `IS` never yields null, which `=` would: the null test comes first. */
  #is(column: string, value: string): Predicate {
    const isNull: Predicate = { op: 'is-null', column };
    switch (value.toLowerCase()) {
      case 'null':
      case 'unknown':
        return isNull;
      case 'not_null':
        return { op: 'not', arg: isNull };
      case 'true':
      case 'false':
        return {
          op: 'and',
          args: [
            { op: 'not', arg: isNull },
            { op: 'eq', column, value: { literal: value.toLowerCase() } },
          ],
        };
      default:
        throw this.#error('"is" takes null, not_null, true, false or unknown');
    }
  }

  #list(): string[] {
    this.#expect('(');
    if (this.#take(')')) return [];
    const values = [this.#value('item')];
    while (this.#take(',')) values.push(this.#value('item'));
    this.#expect(')');
    return values;
  }

  #value(until: 'rest' | 'item'): string {
    if (until === 'rest') {
      const value = this.#rest();
      this.#at = this.#text.length;
      return value;
    }
    return this.#quoted() ?? this.#match(/^[^,)]*/);
  }

  #name(): string {
    const name = this.#quoted() ?? this.#match(/^[^.,()]*/);
    if (name === '' || !this.#take('.')) throw this.#error('expected column.operator.value');
    return name;
  }

  #quoted(): string | undefined {
    const match = /^"((?:[^"\\]|\\.)*)"/s.exec(this.#rest());
    if (!match) return undefined;
    this.#at += match[0].length;
    return (match[1] ?? '').replaceAll(/\\(.)/gs, '$1');
  }

  #match(pattern: RegExp): string {
    const found = pattern.exec(this.#rest())?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#error(`expected "${character}" at character ${this.#at + 1}`);
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #error(message: string): FilterError {
    return new FilterError(this.#place, message);
  }
}
