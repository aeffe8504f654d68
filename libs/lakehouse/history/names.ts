import type { LakeDialect } from '../lakehouse.ts';
import type { LakeColumn } from '../lake-type.ts';

/** Types whose large values an update may leave out of the log. */
export const TOASTABLE: ReadonlySet<unknown> = new Set(['string', 'binary']);

/** Pieces of SQL about a history's columns, in a dialect. */
export class Names {
  readonly #dialect: LakeDialect;
  readonly quote: (name: string) => string;

  constructor(dialect: LakeDialect) {
    this.#dialect = dialect;
    this.quote = dialect === 'duckdb' ? (name) => `"${name.replaceAll('"', '""')}"` : (name) => `\`${name.replaceAll('`', '``')}\``;
  }

  /** Columns, of a table's alias. */
  list(columns: readonly Pick<LakeColumn, 'name'>[], alias?: string): string {
    return columns.map(({ name }) => this.#of(alias, name)).join(', ');
  }

  /** Columns as a table has them that may lack some: null there. */
  padded(columns: readonly LakeColumn[], present: readonly LakeColumn[], alias: string): string {
    const has = new Set(present.map(({ name }) => name));
    return columns.map((column) => (has.has(column.name) ? this.#of(alias, column.name) : `${this.missing(column)} as ${this.quote(column.name)}`)).join(', ');
  }

  missing({ type }: LakeColumn): string {
    return `cast(null as ${castName(type, this.#dialect)})`;
  }

  /** Whether two rows have one key. */
  same(key: readonly string[], left: string, right: string): string {
    return key.map((name) => `${this.#of(left, name)} = ${this.#of(right, name)}`).join(' and ');
  }

  /** Where a change stands among those of its source. */
  position(alias?: string): string {
    return this.pair(this.#of(alias, '_commit_lsn'), this.#of(alias, '_ordinal'));
  }

  /** The same, different for each of a key's changes also where the source tells no order within a commit. */
  place(alias?: string): string {
    return this.pair(this.#of(alias, '_commit_lsn'), this.#of(alias, '_ordinal'), this.#of(alias, '_offset'));
  }

  /** Compared by the first that differs. */
  pair(...values: readonly string[]): string {
    if (this.#dialect === 'duckdb') return `row(${values.join(', ')})`;
    // Structures compare by place, but only where the fields' names are the same.
    return `named_struct(${values.map((value, index) => `'p${index}', ${value}`).join(', ')})`;
  }

  /** max_by passes over nulls: a value in a struct of its own is none. */
  boxed(value: string): string {
    return this.#dialect === 'duckdb' ? `struct_pack(v := ${value})` : `named_struct('v', ${value})`;
  }

  /** On Databricks a backslash escapes, and two quotes are one or none by the runtime's version. */
  text(value: string): string {
    return this.#dialect === 'duckdb' ? `'${value.replaceAll("'", "''")}'` : `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
  }

  #of(alias: string | undefined, name: string): string {
    return alias === undefined ? this.quote(name) : `${alias}.${this.quote(name)}`;
  }
}

function castName(type: LakeColumn['type'], dialect: LakeDialect): string {
  if (typeof type !== 'string') return 'decimal' in type ? `decimal(${type.decimal.precision},${type.decimal.scale})` : 'string';
  const names: Readonly<Record<string, string>> =
    dialect === 'duckdb'
      ? { string: 'varchar', long: 'bigint', short: 'smallint', byte: 'tinyint', binary: 'blob', timestamp: 'timestamptz', timestamp_ntz: 'timestamp' }
      : { long: 'bigint', integer: 'int', short: 'smallint', byte: 'tinyint' };
  return names[type] ?? type;
}
