import type { Columns, Policy, Predicate } from '#libs/governance/policy/policy';
import { type AnalyticalTable, isChangeColumn } from './analytical-table.ts';

/** What a role may see of an analytical table; undefined: nothing. */
export interface Access {
  mayRead: (column: string) => boolean;
  /** All must be true of a row. */
  rows: readonly Predicate[];
}

/**
 * Decides from the policy in force; fails closed. A table of its own is read by the roles that the document grants it to (`home: lakehouse`). One that is
 * derived from a governed table is read by those who may read that, and no more of it: hidden columns are hidden, its row filter applies. A rule for the
 * derived table itself narrows further.
 */
export function decideAccess(policy: Policy | undefined, role: string, table: AnalyticalTable): Access | undefined {
  const tables = policy && Object.hasOwn(policy.roles, role) ? policy.roles[role] : undefined;
  const rule = tables?.[`${table.schema}.${table.name}`];
  const own = rule?.home === 'lakehouse' ? rule.select : undefined;
  if (!table.source) return own && { mayRead: (column) => listed(own.columns, column), rows: own.rows ? [own.rows] : [] };
  const { schema, name, columns } = table.source;
  const inherited = tables?.[`${schema}.${name}`];
  const source = inherited?.home === undefined ? inherited?.select : undefined;
  if (!source || (rule?.home === 'lakehouse' && !own)) return undefined;
  const inheritedColumn = (column: string): boolean => (isChangeColumn(column) && !columns.has(column)) || listed(source.columns, column);
  return {
    mayRead: (column) => inheritedColumn(column) && (own === undefined || listed(own.columns, column)),
    rows: [source.rows, own?.rows].filter((predicate) => predicate !== undefined),
  };
}

function listed(columns: Columns, name: string): boolean {
  return columns === '*' || columns.includes(name);
}
