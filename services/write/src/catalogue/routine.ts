import type { Relation } from './relation.ts';

export interface Parameter {
  /** Empty for one without a name. */
  name: string;
  /** Complete SQL of its type. */
  type: string;
  /** As people spell it. */
  display: string;
  required: boolean;
  variadic: boolean;
}

/** A function that requests may call. */
export interface Routine {
  schema: string;
  name: string;
  /** `"schema"."name"` */
  sql: string;
  parameters: readonly Parameter[];
  volatility: 'immutable' | 'stable' | 'volatile';
  description?: string;
  returns: Returns;
  /** Settings that must be in force before it begins: `statement_timeout` … */
  settings: readonly (readonly [name: string, value: string])[];
  /** Its owner is a role that this login may become: in a governed database such a function is not called (docs/rows.md). */
  ownedByAppRole: boolean;
}

export interface Returns {
  set: boolean;
  /** `nothing`: void. `value`: one of a type. `rows`: of a table, a composite type or named columns. */
  kind: 'nothing' | 'value' | 'rows';
  /** Complete SQL of its type, and the name of what is under its domains. */
  type: string;
  baseName: string;
  /** Name of the declared type, unquoted. */
  typeName: string;
  /** What `rows` are of. */
  relation?: Relation;
}
