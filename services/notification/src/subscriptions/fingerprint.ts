import { createHash } from 'node:crypto';
import type { Predicate } from '#libs/governance/policy/policy';
import type { Access } from './access.ts';

/**
 * Names a class of subscribers who see exactly the same: one role, the same columns and filters, and the same values of the claims that the row
 * filter asks for. It is part of the cursor: a stream is only ever resumed as what it was.
 */
export function fingerprint(access: Access, claims: Readonly<Record<string, unknown>>): string {
  const parts = [
    access.oid,
    access.schema,
    access.table,
    access.role,
    access.columns.map(({ name, sqlType }) => [name, sqlType]),
    access.key.map(({ name }) => name),
    access.policyRows ?? null,
    access.filter ?? null,
    claimsOf(access.policyRows, claims),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** The values that the filter's claims have for this subscriber; of a dotted path its whole first part. */
function claimsOf(predicate: Predicate | undefined, claims: Readonly<Record<string, unknown>>): [string, unknown][] {
  const names = new Set(predicate ? claimNames(predicate) : []);
  return [...names].toSorted().map((name) => [name, claims[name] ?? claims[name.split('.')[0] ?? name] ?? null]);
}

function claimNames(predicate: Predicate): string[] {
  switch (predicate.op) {
    case 'and':
    case 'or':
      return predicate.args.flatMap(claimNames);
    case 'not':
      return claimNames(predicate.arg);
    case 'is-null':
      return [];
    case 'in':
      return predicate.values.flatMap((value) => ('claim' in value ? [value.claim] : []));
    default:
      return 'claim' in predicate.value ? [predicate.value.claim] : [];
  }
}
