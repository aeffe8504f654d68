import type { TableName } from '#libs/postgres/identifiers';

/** A statement, and as whom: the table's owner, or the login for DDL. */
export interface Step {
  sql: string;
  as: 'owner' | 'admin';
}

/** A column that is made beside the old one, and filled from it row by row. */
export interface CopyPlan {
  /** Complete SQL of the table, its old and its new column. */
  table: string;
  from: string;
  to: string;
  /** SQL type of the new one. */
  type: string;
  /** Columns of the primary key with their types: rows are taken in its order. */
  key: readonly { name: string; type: string }[];
}

/**
 * An edit of a table that others read and write meanwhile: nothing in it holds them up for the length of a scan. What it makes is named after the edit, so that
 * each step can be told to be done already, and all of it be taken away again.
 */
export interface Steps {
  /** In one short transaction, with the edit's own row. */
  prepare: Step[];
  copy: CopyPlan | null;
  /** Built `concurrently`. `name`: complete SQL. */
  indexes: { name: string; sql: string }[];
  /** Added without a look at the rows, then validated. `name` as it is, unquoted. */
  constraints: { name: string; sql: string }[];
  /** In one short transaction, behind which the table is as it shall be. */
  swap: Step[];
  /** Leaves the table as it was; each can be repeated. */
  abandon: Step[];
}

/** As it is kept. */
export interface StepPlan extends Steps {
  /** What stands for the table's name in all of it: place.ts. */
  standIn: TableName;
}
