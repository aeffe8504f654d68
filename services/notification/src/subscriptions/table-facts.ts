import type { ColumnType } from './column-type.ts';

/** What the catalogue says of a table, seen by the subscriber's role. */
export interface TableFacts {
  oid: number;
  /** `pg_class.relkind`: r table, p partitioned table, v view … */
  kind: string;
  /** In a publication; otherwise no change of it is ever streamed. */
  published: boolean;
  /** REPLICA IDENTITY FULL, on every leaf. */
  fullIdentity: boolean;
  /** Row-level security applies to the subscriber's role. */
  rowSecurity: boolean;
  /** Policies on the table that apply to the role, by name. */
  policies: readonly string[];
  /** USAGE on the schema. */
  schemaUsage: boolean;
  columns: readonly ColumnFacts[];
}

export interface ColumnFacts {
  name: string;
  /** As SQL spells it, for casts: `numeric(14,2)`, `exceptions."state"`. */
  sqlType: string;
  type: ColumnType;
  /** Its collation is deterministic, or it has none. */
  deterministic: boolean;
  /** SELECT on the column. */
  readable: boolean;
  /** Place in the primary key (or the index that is the replica identity), from 1; 0 outside. */
  key: number;
  /** Generated columns are not in the change stream (decisions.md 28). */
  generated: boolean;
}
