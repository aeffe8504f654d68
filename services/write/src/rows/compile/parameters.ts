/**
 * Values of a statement. The governed statement takes one `text[]`, so each value is `($1::text[])[n]`, cast where it is used;
 * no value is ever part of the SQL text.
 */
export class Parameters {
  readonly values: (string | null)[] = [];

  /** Adds a value and gives its text expression. */
  text(value: string | null): string {
    this.values.push(value);
    return `($1::pg_catalog.text[])[${this.values.length}]`;
  }

  /** Adds a value and gives it as `type`, which is complete SQL. */
  cast(value: string | null, type: string): string {
    return `${this.text(value)}::${type}`;
  }
}

/** A PostgreSQL array literal of text items. */
export function arrayLiteral(items: readonly (string | null)[]): string {
  return `{${items.map((item) => (item === null ? 'NULL' : `"${item.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)).join(',')}}`;
}
