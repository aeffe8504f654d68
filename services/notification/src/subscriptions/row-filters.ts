import { enumType } from '#libs/governance/policy/column-type';
import { compilePredicate } from '#libs/governance/policy/predicate';
import type { Predicate } from '#libs/governance/policy/policy';
import { UnsupportedPredicate } from '#libs/governance/policy/unsupported-predicate';
import type { Access } from './access.ts';
import { FilterError } from './filter-error.ts';
import { Refused } from './refusal.ts';
import { conditions } from './subscription-request.ts';
import type { ColumnFacts } from './table-facts.ts';
import type { RowFilter, View } from './view.ts';

/**
 * Compiles what one class sees. Throws `FilterError` for a filter of the subscriber's, and `Refused` (409) for a policy, that is outside
 * what we evaluate exactly as Postgres does (decisions.md 10).
 */
export function compileView(access: Access, claims: Readonly<Record<string, unknown>>): View {
  const types = Object.fromEntries(access.all.map((column) => [column.name, predicateType(column)]));
  const own = access.filter && subscriberFilter(access.filter, types);
  const policy = access.policyRows && policyFilter(access.policyRows, types, claims);
  const used = [access.policyRows, access.filter].flatMap((predicate) => (predicate ? [...conditions(predicate)].map(({ column }) => column) : []));
  return {
    columns: access.columns.map(({ name }) => name),
    key: access.key.map(({ name }) => name),
    filters: [policy, own].filter((filter) => filter !== undefined),
    filtered: [...new Set(used)],
  };
}

/** The type's name as predicates know it. Equality under a nondeterministic collation is not that of the bytes. */
function predicateType({ type, deterministic }: ColumnFacts): string {
  if (type.element) return 'array';
  if (!deterministic) return `${type.name} under a nondeterministic collation`;
  if (type.kind === 'e') return enumType(type.labels ?? []);
  return type.builtIn ? type.name : `${type.sql} of the user`;
}

function policyFilter(predicate: Predicate, types: Readonly<Record<string, string>>, claims: Readonly<Record<string, unknown>>): RowFilter {
  try {
    return compilePredicate(predicate, types, claims);
  } catch (error) {
    if (!(error instanceof UnsupportedPredicate)) throw error;
    throw new Refused({ status: 409, code: 'policy-not-evaluable', detail: `the row policy of this table can't be checked at push: ${error.message}` });
  }
}

/** Each condition by itself first, so that the message names the place. */
function subscriberFilter(predicate: Predicate, types: Readonly<Record<string, string>>): RowFilter {
  for (const condition of conditions(predicate)) {
    try {
      compilePredicate(condition, types, {});
    } catch (error) {
      if (!(error instanceof UnsupportedPredicate)) throw error;
      throw new FilterError(`${condition.column}.${condition.op}`, error.message);
    }
  }
  return compilePredicate(predicate, types, {});
}
