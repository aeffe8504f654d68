import { Failure } from '#libs/failure/failure';
import type { Policy, TablePolicy } from './policy.ts';

/** What one flow, or one person's document, contributes. */
export type PolicyPart = Pick<Policy, 'roles'>;

/** One document of several parts. Two parts that say something of the same role, table and verb contradict each other: `misconfigured`. */
export function mergePolicies(parts: readonly PolicyPart[]): PolicyPart {
  const roles: Record<string, Record<string, TablePolicy>> = {};
  for (const part of parts) {
    for (const [role, tables] of Object.entries(part.roles)) {
      for (const [table, policy] of Object.entries(tables)) {
        const merged = ((roles[role] ??= {})[table] ??= {});
        const twice = Object.keys(policy).find((verb) => verb !== 'home' && verb in merged);
        if (twice) throw new Failure('misconfigured', `two policies say what ${role} may ${twice} in ${table}`);
        roles[role][table] = { ...merged, ...policy };
      }
    }
  }
  return { roles };
}
