import type { OperatorName } from './operators.ts';

/** A column, or a place inside a JSON column: `data->a->>b`. */
export interface Field {
  column: string;
  path: readonly JsonStep[];
}

export interface JsonStep {
  /** `->>`: the value as text; `->`: as JSON. */
  asText: boolean;
  /** A key of an object, or an index of an array. */
  key: string | number;
}

export interface SelectItem {
  field: Field;
  /** Name in the answer; default: the column, or the last key of the path. */
  alias?: string;
  /** Applied to the field, before an aggregate. */
  cast?: string;
  /** `count()` without a field is of the column `*`. `cast`: of the aggregate's result. */
  aggregate?: { name: AggregateName; cast?: string };
}

export const AGGREGATES = ['count', 'sum', 'avg', 'min', 'max'] as const;
export type AggregateName = (typeof AGGREGATES)[number];

/** A related resource inside each row: `alias:relation!hint!inner(select)`. */
export interface Embed {
  relation: string;
  alias?: string;
  /** Which relationship is meant, where there are several. */
  hint?: string;
  join?: 'inner' | 'left';
  /** Its columns take their place among the row's own: `...relation(select)`. */
  spread?: boolean;
  /** Its own select, filters (`relation.column=eq.1`), order, limit and offset. */
  query: RowQuery;
}

export type Condition = Filter | ConditionTree;

export interface Filter {
  kind: 'filter';
  negated: boolean;
  field: Field;
  operator: OperatorName;
  quantifier?: 'any' | 'all';
  /** Text search configuration: `fts(english)`. */
  language?: string;
  value: FilterValue;
}
export type FilterValue = { kind: 'text'; text: string } | { kind: 'list'; items: readonly string[] } | { kind: 'is'; word: IsWord };
export type IsWord = 'null' | 'not null' | 'true' | 'false' | 'unknown';

export interface ConditionTree {
  kind: 'and' | 'or';
  negated: boolean;
  conditions: readonly Condition[];
}

export interface OrderItem {
  field: Field;
  /** The embedded resource, to-one, whose field it is: `order=relation(field)`. */
  relation?: string;
  direction?: 'asc' | 'desc';
  nulls?: 'first' | 'last';
}

/** The query string of a row request, parsed but not yet checked against the catalogue. */
export interface RowQuery {
  /** Null: every column. */
  select: readonly SelectItem[] | null;
  embeds: readonly Embed[];
  /** Joined by AND. */
  conditions: readonly Condition[];
  order: readonly OrderItem[];
  limit: number | null;
  offset: number;
  /** Where a keyset page begins, as the page before told it. */
  cursor?: string;
  /** The moment at which tables are read: a time, or the number of a checkpoint. */
  asOf?: string;
  /** Columns taken from the body; null: the body's keys. */
  columns: readonly string[] | null;
  onConflict: readonly string[] | null;
  /** Parameters that are no filters, in order: a function's arguments. Only where they are asked for. */
  args: readonly (readonly [name: string, value: string])[];
}
