/** Spelling of PostgREST's grammar (docs/rows.md): names and values that may hold any character. */

/** A column's name where the grammar takes a name. */
export function nameOf(column: string): string {
  return /^[a-z_][a-z0-9_$]*$/i.test(column) ? column : quoted(column);
}

/** A value inside `and=(…)`, `or=(…)` and `in.(…)`. */
export function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** An element of a PostgreSQL array literal. */
export function arrayLiteral(values: readonly string[]): string {
  return `{${values.map(quoted).join(',')}}`;
}

/** A pattern of `like` that means these very characters. PostgREST's `*` stands for `%` and can't be escaped: `_` takes its place, as it takes any one character. */
export function likeLiteral(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '_');
}
