import type { RowQuery } from '../query/row-query.ts';
import type { Output } from './expression.ts';
import type { Plan } from './plan.ts';
import type { Scope } from './scope.ts';

/** The parts of one resource's SELECT, to be put together around its FROM item. */
export interface Node {
  list: string;
  /** Names of the list in order. */
  names: readonly string[];
  joins: string;
  conditions: readonly string[];
  /** Whether rows are groups of the relation's. */
  grouped: boolean;
  groupBy: string;
  order: string;
  /** SQL of each item of the order. */
  orders: readonly string[];
  /** Whether the joins decide which rows there are, so that counting rows needs them too. */
  restricts: boolean;
}

/** The same before the list is written. */
export interface Parts extends Omit<Node, 'list' | 'names' | 'grouped' | 'groupBy'> {
  outputs: Output[];
}

/** How a resource is compiled: what is embedded in it is compiled the same way. */
export interface Compile {
  node: (scope: Scope, query: RowQuery, plans: readonly Plan[]) => Node;
  parts: (scope: Scope, query: RowQuery, plans: readonly Plan[]) => Parts;
}
