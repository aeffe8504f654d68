/**
 * Policy as data: role → table → verbs, columns, row filter. One document is compiled to native grants and row-level security
 * (compile-sql.ts), to the predicate that push uses (predicate.ts), and to the SQL of lakehouse queries (compile-lake.ts). What is not granted is denied.
 */
export interface Policy {
  /** Grows by one with each change of the document in force. */
  version: number;
  /** Postgres role → `schema.table` → what it may do. */
  roles: Readonly<Record<string, Readonly<Record<string, TablePolicy>>>>;
}

export interface TablePolicy {
  /** The table lies in the lakehouse: only `select` means something, and it is compiled when a query is (compile-lake.ts), not into grants. */
  home?: 'lakehouse';
  select?: { columns: Columns; rows?: Predicate };
  insert?: { columns: Columns; check?: Predicate };
  /** `rows`: which rows may be changed; `check`: what they may become (default: `rows`). */
  update?: { columns: Columns; rows?: Predicate; check?: Predicate };
  delete?: { rows?: Predicate };
}
export type Columns = '*' | readonly string[];

/**
 * A row filter, three-valued like SQL: a row is visible when it is true, not when it is null (decisions.md 10).
 * The set of operators is what we evaluate exactly as Postgres does; anything else is not part of the model.
 */
export type Predicate =
  | { op: 'and' | 'or'; args: readonly Predicate[] }
  | { op: 'not'; arg: Predicate }
  | { op: 'is-null'; column: string }
  | { op: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte'; column: string; value: Operand }
  | { op: 'in'; column: string; values: readonly Operand[] };

/** A constant as Postgres text, or a claim of the caller's token, cast to the column's type; a failed cast denies. */
export type Operand = { literal: string } | { claim: string };
