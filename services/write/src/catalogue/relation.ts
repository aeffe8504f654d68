import type { TableName } from '#libs/postgres/identifiers';

/** A column as the compiler needs it. Type names are complete SQL: schema-qualified and quoted. */
export interface Column {
  name: string;
  /** Declared type without its modifier: `"app"."mood"`, `pg_catalog.int4`. */
  type: string;
  /** The type under all domains: what a filter's operand is cast to, so that a value outside the domain finds nothing instead of failing. */
  baseType: string;
  /** Of `baseType`, unquoted: `json`, `tsvector` … */
  baseName: string;
  nullable: boolean;
  hasDefault: boolean;
  /** SQL of its default, where one can be written out (`missing=default`). */
  defaultSql?: string;
  /** The declared type as people spell it, with its modifier: `character varying(20)`. */
  display: string;
  description?: string;
  maxLength?: number;
  /** Labels of an enum. */
  labels?: readonly string[];
  representation?: Representation;
}

/**
 * How values of a domain are shown and read: complete SQL of the functions of its implicit casts to and from `json` (in bodies) and from `text` (in filters).
 */
export interface Representation {
  toJson?: string;
  fromJson?: string;
  fromText?: string;
}

/** A function over a relation's row type that reads like one of its columns. */
export interface ComputedColumn {
  /** `"schema"."name"`, to be called with the row. */
  sql: string;
  column: Column;
}

export interface Relation extends TableName {
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialised view, f foreign. `c`: a composite type, or what a function returns. */
  kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'c';
  /** `"schema"."name"` */
  sql: string;
  columns: ReadonlyMap<string, Column>;
  computed: ReadonlyMap<string, ComputedColumn>;
  /** In key order; empty without a primary key. Of a view: where it shows the key of a table below it. */
  primaryKey: readonly string[];
  /** Whether its changes are recorded in `audit.entry`. */
  audited: boolean;
  description?: string;
  writes: { insert: boolean; update: boolean; delete: boolean };
}
