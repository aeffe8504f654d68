import type { TableName } from '#libs/postgres/identifiers';

/** How rows of one relation lead to rows of another: a foreign key read in either direction, a table of pairs, or a function. */
export type Relationship = KeyRelationship | JunctionRelationship | ComputedRelationship;

interface Ends {
  from: TableName;
  to: TableName;
  /** Each row leads to one at most. */
  toOne: boolean;
}

export interface KeyRelationship extends Ends {
  kind: 'many-to-one' | 'one-to-many' | 'one-to-one';
  constraint: string;
  /** Column of `from`, column of `to`. */
  columns: readonly (readonly [own: string, other: string])[];
  /** This end is a view, whose columns stand for those of a key. */
  fromView: boolean;
  toView: boolean;
}

export interface JunctionRelationship extends Ends {
  kind: 'many-to-many';
  junction: TableName;
  /** Foreign keys of the junction to `from` and to `to`. */
  constraints: readonly [string, string];
  /** Column of `from`, column of the junction. */
  ownColumns: readonly (readonly [own: string, junction: string])[];
  /** Column of `to`, column of the junction. */
  otherColumns: readonly (readonly [other: string, junction: string])[];
}

export interface ComputedRelationship extends Ends {
  kind: 'computed';
  /** Name that a request embeds it by. */
  name: string;
  /** `"schema"."name"`, to be called with the row. */
  sql: string;
}

/** A foreign key between two tables, as the catalogue has it. */
export interface ForeignKey {
  constraint: string;
  from: TableName;
  to: TableName;
  columns: readonly (readonly [own: string, other: string])[];
  /** At most one row refers to another. */
  unique: boolean;
}

/** Columns of a view that show a table's column: view column → where it comes from. */
export interface ViewColumns {
  view: TableName;
  columns: readonly { name: string; of: TableName; column: string }[];
}
