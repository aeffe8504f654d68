import { quoteText } from '#libs/lakehouse/delta/sql-text';
import { SqlError } from './sql-error.ts';
import type { Token } from './tokens.ts';

export interface Arguments {
  /** An argument as DuckDB's SQL. */
  inner: (tokens: readonly Token[]) => string;
  /** The text of a literal or a parameter; undefined for any other expression. */
  textOf: (tokens: readonly Token[]) => string | undefined;
}

/** `text`: what the argument at an index says, instead of its SQL: what is not written must not be bound either. */
type Call = (sql: (index: number) => string, text: (index: number) => string | undefined, count: number) => string;

/** Databricks' functions that DuckDB has under another name or in another form, by their number of arguments. */
const CALLS: Readonly<Record<string, readonly [least: number, most: number, Call]>> = {
  REGEXP_LIKE: [2, 2, (sql) => `regexp_matches(${sql(0)}, ${sql(1)})`],
  DATE_ADD: [2, 2, (sql) => `(${sql(0)} + ${sql(1)})`],
  TIMESTAMP_MICROS: [1, 1, (sql) => `(make_timestamp(${sql(0)}) at time zone 'UTC')`],
  BROUND: [1, 1, (sql) => `round_even(${sql(0)}, 0)`],
  STRUCT: [1, Infinity, (sql, _text, count) => `row(${places(count).map(sql).join(', ')})`],
  NAMED_STRUCT: [
    2,
    Infinity,
    (sql, text, count) =>
      `struct_pack(${places(count / 2)
        .map((at) => `${text(2 * at)} := ${sql(2 * at + 1)}`)
        .join(', ')})`,
  ],
  // Text that is no JSON has no places.
  GET_JSON_OBJECT: [2, 2, (sql, text) => `case when json_valid(${sql(0)}) then json_extract_string(${sql(0)}, ${quoteText(duckDbPath(text(1)))}) end`],
};

export function isFunction(name: string): boolean {
  return Object.hasOwn(CALLS, name);
}

export function functionCall(name: string, list: readonly (readonly Token[])[], { inner, textOf }: Arguments): string {
  const [least, most, call] = CALLS[name] ?? [0, 0, (): string => ''];
  if (list.length < least || list.length > most)
    throw new SqlError(
      'WRONG_NUM_ARGS.WITHOUT_SUGGESTION',
      '42605',
      `The \`${name.toLowerCase()}\` requires ${least} parameters but the actual number is ${list.length}.`,
    );
  return call(
    (index) => inner(list[index] ?? []),
    (index) => textOf(list[index] ?? []),
    list.length,
  );
}

function places(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** `$['a'][0]` as `$."a"[0]`; wildcards and other forms are not spoken. */
function duckDbPath(path: string | undefined): string {
  const steps = path === undefined ? null : /^\$((?:\['[^'?]+'\]|\[\d+\])*)$/.exec(path);
  if (!steps) throw new SqlError('DATATYPE_MISMATCH.NON_FOLDABLE_INPUT', '42K09', "This double takes paths of the form $['key'][0] only.");
  return `$${(steps[1] ?? '').replaceAll(/\['([^'?]+)'\]/g, (_whole, key: string) => `."${key.replaceAll('"', '\\"')}"`)}`;
}
